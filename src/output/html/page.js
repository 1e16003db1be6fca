/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
// The page is whole without this: it only hides what does not have the words that are typed.
(function () {
	"use strict";
	const filter = document.getElementById("filter");
	const stalls = document.querySelectorAll("a.lane, main tbody");
	const groups = document.querySelectorAll("section.process, section.table");

	function fits(text, words) {
		return words.every((word) => text.includes(word));
	}

	// A lane has what its process's heading says, too.
	function textOf(stall) {
		const group = stall.closest("section.process");
		return ((group ? group.firstElementChild.textContent + " " : "") + stall.textContent).toLowerCase();
	}

	function show() {
		const words = filter.value.toLowerCase().split(/\s+/).filter((word) => word);
		stalls.forEach((stall) => { stall.hidden = !fits(textOf(stall), words); });
		groups.forEach((group) => { group.hidden = !group.querySelector("a.lane:not([hidden]), tbody:not([hidden])"); });
	}

	filter.hidden = false;
	filter.addEventListener("input", show);
	show();
})();
