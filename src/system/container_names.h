/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The names of a container, from the files that runtimes keep about it. Only root writes those, below folders that only
 * root may enter: the names are those that the cluster or the administrator gave, and no process chose them. Pure.
 *
 * - containerd (also k3s, k0s, nerdctl), CRI-O and Podman: config.json, OCI's runtime specification; the names are
 *   annotations (containerd: pkg/cri/annotations; CRI-O: pkg/annotations; nerdctl: pkg/labels).
 * - Docker: config.v2.json of its data folder; kubelet's names are labels there (cri-dockerd).
 * - Podman: containers.json of containers/storage, an array of all; its metadata is JSON in a string.
 */
#ifndef SOCKSTALL_SYSTEM_CONTAINER_NAMES_H
#define SOCKSTALL_SYSTEM_CONTAINER_NAMES_H

#include <stddef.h>

/* Places where such a file may be; %s is the container's id. */
#define CONTAINER_FILES 7
extern const char *const container_files[CONTAINER_FILES];

/* Bytes of a file that are read, at most: a longer one gives no names. */
#define CONTAINER_FILE_MOST (4u << 20)

/* Each NUL-terminated, cut where it is longer; empty: there is none. */
struct container_names {
	char pod[256], namespace[256], container[256], image[512];
};

/* Takes what this text says of the container with this id. Returns 0; or -ENOENT: it names nothing. */
int container_names_parse(struct container_names *names, const char *text, size_t size, const char *id);

#endif
