/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where the members are that lead from CPython's _PyRuntime to the frames of a thread: one layout a version. 3.11 and
 * 3.12 have a table here, measured with the headers of these versions; x86-64 and arm64 have the same. Newer ones say
 * it themselves, at the beginning of _PyRuntime (_Py_DebugOffsets): what they say is believed only as far as an offset
 * can lie in the structure that it is of.
 */
#ifndef SOCKSTALL_CODE_PYTHON_LAYOUT_H
#define SOCKSTALL_CODE_PYTHON_LAYOUT_H

#include <stdbool.h>

#include <linux/types.h>

/* Of Py_Version: major and minor. */
#define PYTHON_3_11 0x030bU
#define PYTHON_3_12 0x030cU
#define PYTHON_3_13 0x030dU

#define PYTHON_OF(version) ((version) >> 16 & 0xffff)

struct python_layout {
	__u32 runtime_interpreters;
	__u32 interpreter_next, interpreter_threads;
	__u32 thread_next, thread_interpreter, thread_native, thread_frame;
	/* 1: thread_frame leads to a structure on the thread's stack, and this to the frame */
	__u32 has_cframe, cframe_frame;
	__u32 frame_size, frame_code, frame_previous, frame_instruction, frame_owner;
	/*
	 * Which frame is the last that one call of _PyEval_EvalFrameDefault runs: with frame_entry the one where that
	 * byte is 1. Without, there is a frame of its own behind it, which has this owner, lies on the thread's stack
	 * and is no function.
	 */
	__u32 frame_entry, owner_entry;
	__u32 code_size, code_first_line, code_file, code_name, code_lines, code_instructions;
	__u32 object_type, object_size;
	__u32 bytes_text;
	__u32 text_length, text_state, ascii_text, other_text;
};

/*
 * version: Py_Version. runtime: the address of _PyRuntime. False: this version is not known, or it says what cannot be.
 */
bool python_layout_get(struct python_layout *layout, __u32 version, __u64 runtime);

#endif
