/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Functions of Python in the memory of a process: right, and in disorder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "code/messages/memory.h"
#include "make_python.h"

static __u64 read_image(const __u64 *addresses, size_t count, char *bytes)
{
	__u64 read = 0;
	size_t i;

	for (i = 0; i < count; i++)
		if (addresses[i] >= IMAGE && addresses[i] - IMAGE < IMAGE_SIZE) {
			memcpy(bytes, image + (addresses[i] - IMAGE), CODE_CHUNK);
			bytes += CODE_CHUNK;
			read |= 1ULL << i;
		}
	return read;
}

static struct python_function functions[CODE_FRAMES];
static bool whole;

static size_t read_thread(__u32 number)
{
	const struct python_stack stack = {IMAGE, IMAGE_STACK, number};
	struct python python = image_python();

	memory_begin(IMAGE, image, IMAGE_STACK, read_image);
	return python_read(&python, &stack, functions, CODE_FRAMES, &whole);
}

static void all_of_it(void **state)
{
	(void)state;
	make_python();
	assert_int_equal(read_thread(77), 3);
	assert_true(whole);
	assert_string_equal(functions[0].name, "Store.fetch");
	assert_string_equal(functions[0].file, "app.py");
	assert_int_equal(functions[0].line, 101);
	assert_int_equal(functions[0].kind, CODE_OWN);
	assert_false(functions[0].last);
	assert_string_equal(functions[1].file, "web/__init__.py");
	assert_int_equal(functions[1].line, 201);
	assert_true(functions[1].last);
	assert_string_equal(functions[2].name, "main");
	assert_int_equal(functions[2].kind, CODE_OF_LANGUAGE);
	assert_true(functions[2].last);
}

/* In another PID namespace the number is not known: the stack tells. */
static void by_the_stack(void **state)
{
	(void)state;
	make_python();
	assert_int_equal(read_thread(0), 3);
	assert_int_equal(read_thread(79), 0);
	/* A thread of this number that is on another stack. */
	put_word(IMAGE_THREAD + 56, IMAGE + IMAGE_STACK);
	assert_int_equal(read_thread(77), 0);
}

static void without_memory(void **state)
{
	const struct python_stack stack = {IMAGE, IMAGE_STACK, 77};
	struct python python = image_python();

	(void)state;
	make_python();
	memory_begin(IMAGE, image, IMAGE_STACK, NULL);
	assert_int_equal(python_read(&python, &stack, functions, CODE_FRAMES, &whole), 0);
	assert_false(memory_was_asked());
}

static void versions(void **state)
{
	const struct python_stack stack = {IMAGE, IMAGE_STACK, 77};
	struct python python = image_python();

	(void)state;
	make_python();
	assert_true(python_is_known(0x030b02f0) && python_is_known(0x030d00f0));
	assert_false(python_is_known(0x030a0df0) || python_is_known(0x030f0000) || python_is_known(0));
	python.version = 0x030f0000;
	memory_begin(IMAGE, image, IMAGE_STACK, read_image);
	assert_int_equal(python_read(&python, &stack, functions, CODE_FRAMES, &whole), 0);
	/* 3.13 describes itself: here it does not. */
	python.version = 0x030d00f0;
	assert_int_equal(python_read(&python, &stack, functions, CODE_FRAMES, &whole), 0);
}

/* What is in disorder ends the list, which then is not whole. */
static void disorder(void **state)
{
	(void)state;
	make_python();
	put_word(IMAGE_CODES + 0xe0 + 8, TEXT_TYPE);
	assert_int_equal(read_thread(77), 1);
	assert_false(whole);
	make_python();
	put_byte(IMAGE_FRAMES + 0x60 + 69, 9);
	assert_int_equal(read_thread(77), 1);
	assert_false(whole);
	/* In a circle. */
	make_python();
	put_word(IMAGE_FRAMES + 0x60 + 48, IMAGE + IMAGE_FRAMES);
	assert_int_equal(read_thread(77), CODE_FRAMES);
	assert_false(whole);
	make_python();
	put_word(IMAGE_OTHER + 8, IMAGE + IMAGE_OTHER);
	assert_int_equal(read_thread(77), 0);
	make_python();
	put_word(IMAGE_THREAD + 16, IMAGE);
	assert_int_equal(read_thread(77), 0);
}

static void texts(void **state)
{
	const uint32_t name = IMAGE_TEXTS + 0xa0, two = 2 << 2 | 1 << 5;
	const uint16_t wide[] = {'z', 0xe9, 0x4e2d, 0x1b};

	(void)state;
	make_python();
	memcpy(image + name + 32, &two, sizeof(two));
	put_word(name + 16, 4);
	memcpy(image + name + 72, wide, sizeof(wide));
	assert_int_equal(read_thread(77), 3);
	assert_string_equal(functions[0].name, "z\xc3\xa9\xe4\xb8\xad?");
	/* Longer than memory, with an end that is not there; and longer than any. */
	put_word(name + 16, 1ULL << 32);
	assert_int_equal(read_thread(77), 0);
	put_word(name + 16, UINT64_MAX);
	assert_int_equal(read_thread(77), 0);
	/* A file that is no text: the name is enough. */
	make_python();
	put_word(IMAGE_TEXTS + 8, BYTES_TYPE);
	assert_int_equal(read_thread(77), 3);
	assert_string_equal(functions[0].file, "");
}

static void kinds(void **state)
{
	(void)state;
	assert_int_equal(python_kind("/srv/app.py", "<module>"), CODE_OWN);
	assert_int_equal(python_kind("<stdin>", "<module>"), CODE_OWN);
	assert_int_equal(python_kind("/usr/lib/python3.11/socket.py", "f"), CODE_OF_LANGUAGE);
	assert_int_equal(python_kind("<frozen runpy>", "f"), CODE_OF_LANGUAGE);
	assert_int_equal(python_kind("/venv/lib/python3.11/site-packages/redis/client.py", "f"), CODE_INSTALLED);
	assert_int_equal(python_kind("/usr/lib/python3/dist-packages/six.py", "f"), CODE_INSTALLED);
	assert_int_equal(python_kind("/usr/bin/gunicorn", "<module>"), CODE_INSTALLED);
	assert_string_equal(python_file_name("/srv/app.py"), "app.py");
	assert_string_equal(python_file_name("/srv/web/__init__.py"), "web/__init__.py");
	assert_string_equal(python_file_name("__main__.py"), "__main__.py");
	assert_string_equal(python_file_name("<string>"), "<string>");
}

static void who_takes_the_global_lock(void **state)
{
	(void)state;
	assert_true(python_takes_lock("take_gil"));
	assert_true(python_takes_lock("take_gil.lto_priv.0"));
	assert_true(python_takes_lock("PyEval_RestoreThread"));
	assert_false(python_takes_lock("PyEval_RestoreThreads"));
	assert_false(python_takes_lock("PyThread_acquire_lock_timed"));
	assert_false(python_takes_lock(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_takes_the_global_lock),
		cmocka_unit_test(all_of_it),
		cmocka_unit_test(by_the_stack),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(versions),
		cmocka_unit_test(disorder),
		cmocka_unit_test(texts),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
