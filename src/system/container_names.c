/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/container_names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/array.h"

/* containers.json comes after Podman's config.json, which may lack the names. */
const char *const container_files[CONTAINER_FILES] = {
	"/run/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json",
	"/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json",
	"/run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json",
	"/run/containerd/io.containerd.runtime.v2.task/default/%s/config.json",
	"/var/lib/docker/containers/%s/config.v2.json",
	"/run/containers/storage/overlay-containers/%s/userdata/config.json",
	"/var/lib/containers/storage/overlay-containers/containers.json",
};

/* Keeps what is known already. */
static void take(char *name, size_t room, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text && !*name)
		snprintf(name, room, "%s", text);
}

/* The first of these keys that is there. */
static void take_first(char *name, size_t room, const json_t *object, const char *const *keys, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		take(name, room, json_object_get(object, keys[i]));
}

#define TAKE_FIRST(name, object, keys) take_first(name, sizeof(name), object, keys, COUNT_OF(keys))

/* Annotations and labels. */
static void take_keys(struct container_names *names, const json_t *object)
{
	static const char *const pods[] = {"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"};
	static const char *const namespaces[] = {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"};
	static const char *const containers[] = {"io.kubernetes.cri.container-name", "io.kubernetes.container.name",
						 "nerdctl/name"};
	static const char *const images[] = {"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"};

	TAKE_FIRST(names->pod, object, pods);
	TAKE_FIRST(names->namespace, object, namespaces);
	TAKE_FIRST(names->container, object, containers);
	TAKE_FIRST(names->image, object, images);
}

/* Docker's own name has a slash in front. */
static void take_docker(struct container_names *names, const json_t *root)
{
	const json_t *config = json_object_get(root, "Config");
	const char *name = json_string_value(json_object_get(root, "Name"));

	take_keys(names, json_object_get(config, "Labels"));
	take(names->image, sizeof(names->image), json_object_get(config, "Image"));
	if (name && !*names->container)
		snprintf(names->container, sizeof(names->container), "%s", name + (*name == '/'));
}

static void take_metadata(struct container_names *names, const char *text)
{
	json_t *metadata = text ? json_loads(text, 0, NULL) : NULL;

	take(names->image, sizeof(names->image), json_object_get(metadata, "image-name"));
	take(names->container, sizeof(names->container), json_object_get(metadata, "name"));
	json_decref(metadata);
}

static void take_from_list(struct container_names *names, const json_t *list, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *its = json_string_value(json_object_get(one, "id"));

		if (!its || strcmp(its, id))
			continue;
		take(names->container, sizeof(names->container), json_array_get(json_object_get(one, "names"), 0));
		take_metadata(names, json_string_value(json_object_get(one, "metadata")));
	}
}

int container_names_parse(struct container_names *names, const char *text, size_t size, const char *id)
{
	json_t *root = json_loadb(text, size, 0, NULL);

	*names = (struct container_names){0};
	if (json_is_array(root)) {
		take_from_list(names, root, id);
	} else {
		take_keys(names, json_object_get(root, "annotations"));
		take_docker(names, root);
	}
	json_decref(root);
	return *names->pod || *names->container || *names->image ? 0 : -ENOENT;
}
