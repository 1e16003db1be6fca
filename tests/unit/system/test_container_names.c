/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Files as the runtimes write them, shortened to what counts; and broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "system/container_names.h"

#define ID "3f9a0c1be7d24f5586a1b0c2d3e4f5061728394a5b6c7d8e9f00112233445566"

static const struct {
	const char *text, *pod, *namespace, *container, *image;
} files[] = {
	/* containerd below kubelet, and a pod's sandbox */
	{"{\"ociVersion\":\"1.1.0\",\"process\":{\"args\":[\"a\"]},\"annotations\":{\"io.kubernetes.cri.container-name\":\"api\","
	 "\"io.kubernetes.cri.container-type\":\"container\",\"io.kubernetes.cri.image-name\":\"registry.k8s.io/api:1.2\","
	 "\"io.kubernetes.cri.sandbox-id\":\"77\",\"io.kubernetes.cri.sandbox-name\":\"api-7c9d8-x2k4p\","
	 "\"io.kubernetes.cri.sandbox-namespace\":\"shop\"}}",
	 "api-7c9d8-x2k4p", "shop", "api", "registry.k8s.io/api:1.2"},
	{"{\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\",\"io.kubernetes.cri.sandbox-name\":\"p\","
	 "\"io.kubernetes.cri.sandbox-namespace\":\"n\"}}",
	 "p", "n", "", ""},
	/* CRI-O */
	{"{\"annotations\":{\"io.kubernetes.container.name\":\"db\",\"io.kubernetes.pod.name\":\"db-0\","
	 "\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.cri-o.ImageName\":\"quay.io/db:15\"}}",
	 "db-0", "shop", "db", "quay.io/db:15"},
	/* nerdctl */
	{"{\"annotations\":{\"nerdctl/name\":\"web\",\"nerdctl/namespace\":\"default\"}}", "", "", "web", ""},
	/* Docker, and below kubelet (cri-dockerd) */
	{"{\"ID\":\"" ID "\",\"Name\":\"/shop-web-1\",\"Config\":{\"Image\":\"nginx:1.27\",\"Labels\":"
	 "{\"com.docker.compose.service\":\"web\"}}}",
	 "", "", "shop-web-1", "nginx:1.27"},
	{"{\"Name\":\"/k8s_api_api-7c_shop_1_0\",\"Config\":{\"Image\":\"sha256:12\",\"Labels\":{\"io.kubernetes.pod.name\":"
	 "\"api-7c\",\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.container.name\":\"api\"}}}",
	 "api-7c", "shop", "api", "sha256:12"},
	/* Podman */
	{"[{\"id\":\"11\",\"names\":[\"other\"]},{\"id\":\"" ID "\",\"names\":[\"web\"],\"image\":\"22\",\"metadata\":"
	 "\"{\\\"image-name\\\":\\\"docker.io/library/nginx:latest\\\",\\\"name\\\":\\\"web\\\"}\"}]",
	 "", "", "web", "docker.io/library/nginx:latest"},
};

static void names_containers(void **state)
{
	struct container_names names;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(container_names_parse(&names, files[i].text, strlen(files[i].text), ID), 0);
		assert_string_equal(names.pod, files[i].pod);
		assert_string_equal(names.namespace, files[i].namespace);
		assert_string_equal(names.container, files[i].container);
		assert_string_equal(names.image, files[i].image);
	}
}

static const char *const nothing[] = {
	"",
	"{",
	"[]",
	"{}",
	"null",
	"7",
	"\"a\"",
	"{\"annotations\":7}",
	"{\"annotations\":{\"io.kubernetes.pod.name\":7}}",
	"{\"Name\":[],\"Config\":[]}",
	"{\"Name\":\"/\"}",
	"[7,{},{\"id\":7},{\"id\":\"" ID "\"},{\"id\":\"" ID "\",\"names\":7,\"metadata\":\"{\"}]",
	"[{\"id\":\"" ID "0\",\"names\":[\"another\"]}]",
	"{\"annotations\":{\"io.kubernetes.pod.name\":\"a\\u0000b\"}}",
	"{\"annotations\":{\"io.kubernetes.pod.name\":\"\xff\"}}",
};

static void says_nothing_of_what_names_nothing(void **state)
{
	struct container_names names;
	size_t i, cut;

	(void)state;
	for (i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		assert_int_equal(container_names_parse(&names, nothing[i], strlen(nothing[i]), ID), -ENOENT);
	for (cut = 0; cut < strlen(files[0].text); cut++)
		assert_int_equal(container_names_parse(&names, files[0].text, cut, ID), -ENOENT);
}

/* Deeper than any runtime nests; and longer than there is room. */
static void survives_huge_ones(void **state)
{
	size_t size = 1 << 20;
	char *text = malloc(size);
	struct container_names names;

	(void)state;
	assert_non_null(text);
	memset(text, '[', size);
	assert_int_equal(container_names_parse(&names, text, size, ID), -ENOENT);
	memcpy(text, "{\"Name\":\"/", 10);
	memset(text + 10, 'a', size - 12);
	memcpy(text + size - 2, "\"}", 2);
	assert_int_equal(container_names_parse(&names, text, size, ID), 0);
	assert_int_equal(strlen(names.container), sizeof(names.container) - 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_containers),
		cmocka_unit_test(says_nothing_of_what_names_nothing),
		cmocka_unit_test(survives_huge_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
