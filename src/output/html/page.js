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

	// A page that comes by plain http, or from a file in some browsers, may not write there: what is selected can be copied by hand.
	function copy(button) {
		const code = button.parentElement.querySelector("code");
		const tell = (word) => { button.textContent = word; setTimeout(() => { button.textContent = "copy"; }, 2000); };
		const select = () => {
			window.getSelection().selectAllChildren(code);
			tell(document.execCommand("copy") ? "copied" : "selected");
		};

		if (navigator.clipboard)
			navigator.clipboard.writeText(code.textContent).then(() => tell("copied"), select);
		else
			select();
	}

	document.querySelectorAll("p.command button").forEach((button) => {
		button.hidden = false;
		button.addEventListener("click", () => copy(button));
	});
	filter.hidden = false;
	filter.addEventListener("input", show);
	show();
})();
