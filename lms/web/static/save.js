/* Sends each answer when given, keeps what could not be sent, says in words which is which. */
(() => {
	const find = (what) => document.querySelector(what);
	const form = find("form[data-save]"), words = find("[data-key]").dataset, key = "duramen:" + words.key;
	const kept = () => { try { return JSON.parse(localStorage[key]); } catch { return {}; } };
	const store = (all) => { try { localStorage[key] = JSON.stringify(all); } catch {} };
	if (!form) return store({}); // handed in
	const token = form.elements.csrf_token, ahead = words.now - Date.now(), waiting = {};
	let timer, busy, leaving, pause = 1e3;
	const part = (name, what) => find(`[data-name=${name}] [data-${what}]`);
	const seq = (name) => form.elements[name + "-seq"];
	const plan = (after) => { clearTimeout(timer); timer = setTimeout(send, after); };

	function tell(name, state, why = "") {
		const line = part(name, "state"), text = words[state] + why;
		if (line.textContent !== text) line.textContent = text; // not read out twice
		line.dataset.state = state;
		if (state !== "waiting") find("[data-sign-in]").hidden = state !== "signedOut";
	}
	function keep(name, item) {
		waiting[name] = item;
		store({ ...kept(), [name]: item });
		tell(name, "waiting");
	}
	function settle(name, item, state, why) {
		const all = kept();
		if (all[name] && all[name].seq <= item.seq) delete all[name]; // another tab may know newer
		store(all);
		if (waiting[name] !== item) return;
		delete waiting[name];
		tell(name, state, why);
	}
	async function post(name, again) {
		const item = waiting[name];
		try {
			const answer = await fetch(words.save + name.slice(1), {
				method: "POST",
				keepalive: true,
				body: new URLSearchParams(item.fields),
				signal: AbortSignal.timeout && AbortSignal.timeout(2e4),
				headers: { "X-CSRFToken": token.value, "X-Requested-With": "duramen" },
			});
			const { status } = answer;
			if (status === 200) {
				const said = await answer.json(), note = part(name, "understood");
				if (said.state !== "saved") return;
				settle(name, item, "saved");
				if (note) note.textContent = said.understood;
				find("[data-progress]").textContent = said.progress;
			} else if (status === 400 && !again) {
				token.value = (await (await fetch(words.token)).json()).token;
				await post(name, true);
			} else if (status === 401) tell(name, "signedOut");
			else if (status > 401 && status < 429) {
				const { body } = new DOMParser().parseFromString(await answer.text(), "text/html");
				settle(name, item, "failed", " " + body.textContent.trim());
			}
		} catch {} // it waits
	}
	async function send() {
		if (busy) return;
		busy = true;
		const before = Object.values(waiting);
		for (const name in waiting) await post(name);
		busy = false;
		const left = Object.values(waiting), stuck = left.some((item) => before.includes(item));
		pause = stuck ? Math.min(pause * 2, 6e4) : 1e3;
		if (left[0]) plan(stuck ? pause : 0);
	}

	for (const [name, item] of Object.entries(kept())) {
		if (item.seq <= seq(name).value) { settle(name, item); continue; }
		const given = new URLSearchParams(item.fields);
		for (const field of find(`[data-name=${name}]`).elements) {
			if (/radio|checkbox/.test(field.type)) field.checked = given.getAll(name).includes(field.value);
			else field.value = given.get(field.name);
		}
		keep(name, item);
	}
	plan(0);
	form.addEventListener("input", ({ target }) => {
		const { name } = target.closest("fieldset").dataset, last = seq(name);
		last.value = Math.max(Date.now() + ahead, +last.value + 1);
		const fields = [...new FormData(form)].filter(([n]) => n.split("-")[0] === name);
		keep(name, { seq: +last.value, fields: "" + new URLSearchParams(fields) });
		leaving = false;
		plan(target.type === "text" ? 600 : 0);
	});
	form.addEventListener("submit", () => { leaving = true; });
	addEventListener("online", () => plan(0));
	addEventListener("visibilitychange", send);
	addEventListener("beforeunload", (event) => {
		if (!leaving && Object.keys(waiting)[0]) event.preventDefault();
	});
})();
