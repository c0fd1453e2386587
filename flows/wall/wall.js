// Keeps the page alive: the stream, the banner, the clock, the chime. Stale is never shown as fine.
"use strict";

(() => {
  const SILENT_MS = 3500; // a heartbeat comes each second: three missed, and the banner is there
  const GIVE_UP_MS = 10000; // a connection that is silent for so long is made anew
  const LONGEST_WAIT_MS = 15000;
  const query = new URLSearchParams(location.search);
  const version = document.body.dataset.version;
  const at = (id) => document.getElementById(id);
  let source = null;
  let failures = 0;
  let retry = 0;
  let heardAt = performance.now();
  let tick = null;
  let judgedAt = null; // the last log time, and when it came
  let movedAt = performance.now();
  let refused = "";
  let known = null; // breaches of urgent tickets that were seen before
  let audio = null;

  function theme() {
    const wanted = query.get("theme");
    if (wanted === "light" || wanted === "dark") document.documentElement.dataset.theme = wanted;
  }

  function address(path) {
    const kept = new URLSearchParams();
    for (const part of Object.keys(draw.facts.parts)) {
      if (query.get(part)) kept.set(part, query.get(part));
    }
    return kept.size ? `${path}?${kept}` : path;
  }

  function connect() {
    clearTimeout(retry);
    retry = 0;
    if (source) source.close();
    source = new EventSource(address("events"));
    source.addEventListener("tick", (event) => hear(JSON.parse(event.data)));
    source.addEventListener("wall", (event) => {
      const model = JSON.parse(event.data);
      at("wall").hidden = false;
      draw.wall(model);
      listen(model.tickets);
      if (tick) draw.fillTimes(tick.now);
    });
    source.addEventListener("charts", (event) => {
      at("wall").hidden = false;
      charts.show(JSON.parse(event.data));
    });
    source.onerror = wait;
  }

  // Browsers give up on some answers for good: reconnecting is done here, slower each time.
  function wait() {
    if (source) source.close();
    source = null;
    if (retry) return;
    const pause = Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures) * (0.75 + Math.random() / 2);
    failures += 1;
    retry = setTimeout(connect, pause);
    ask();
  }

  async function ask() {
    try {
      const answer = await fetch(address("api/wall.json"), { cache: "no-store" });
      refused = { 401: "token_refused" }[answer.status] ?? (answer.ok ? "too_many" : "");
    } catch {
      refused = "";
    }
  }

  function hear(news) {
    if (news.version !== version) {
      location.reload();
      return;
    }
    heardAt = performance.now();
    failures = 0;
    refused = "";
    if (news.log_at !== judgedAt) {
      judgedAt = news.log_at;
      movedAt = heardAt;
    }
    tick = news;
    at("clock").textContent = draw.clock(news.now, true);
    at("date").textContent = draw.date(news.now);
    draw.fillTimes(news.now);
    look();
  }

  // What is wrong, worst first: nobody answers, the flow stands still, it is behind, it begins.
  function judge() {
    const now = performance.now();
    const since = tick && (tick.log_at ?? tick.now);
    const isSilent = now - heardAt > SILENT_MS;
    const stands = tick && tick.log_at !== null && now - movedAt > SILENT_MS;
    if (isSilent || stands || (tick && tick.flow === "stopped")) {
      const what = since ? draw.say("flow_lost", { time: draw.clock(since, true) }) : draw.say("no_data");
      return ["lost", what, draw.say(refused || "flow_lost_why")];
    }
    if (!tick) return ["waiting", draw.say("connecting"), ""];
    if (tick.flow === "starting") return ["behind", draw.say("flow_starting"), ""];
    if (tick.flow === "catching_up") {
      const values = { time: draw.clock(tick.log_at, true), age: draw.span(tick.now - tick.log_at) };
      return ["behind", draw.say("flow_catching_up", values), ""];
    }
    return ["live", "", ""];
  }

  function look() {
    const [state, what, why] = judge();
    document.body.dataset.flow = state;
    const isBad = state === "lost" || state === "behind";
    at("banner").hidden = !isBad;
    at("banner").className = `banner ${state}`;
    at("banner-what").textContent = what;
    at("banner-why").textContent = why;
    showPills(state);
    if (performance.now() - heardAt > GIVE_UP_MS && source) wait();
  }

  function showPills(state) {
    const flow = at("flow");
    flow.className = `pill ${state}`;
    if (state === "live") {
      const age = draw.span(tick.now - tick.log_at);
      flow.textContent = `${draw.say("flow_live")} · ${draw.say("data_age", { age })}`;
    } else {
      flow.textContent = draw.say(state === "waiting" ? "connecting" : "no_data");
      if (state === "behind") flow.textContent = draw.say("no_data");
    }
    const scrape = at("scrape");
    if (!tick || state === "lost") {
      scrape.textContent = "";
      return;
    }
    const last = tick.scrape;
    scrape.className = `pill scrape-${last.state}`;
    scrape.textContent = draw.say(`scrape_${last.state}`, {
      age: last.at === null ? "" : draw.span(tick.now - last.at),
      time: last.at === null ? "" : draw.clock(last.at, true),
    });
  }

  function listen(tickets) {
    const over = new Set(tickets.filter((each) => each.is_overdue).map((each) => `${each.ticket} ${each.target}`));
    if (known && audio && [...over].some((each) => !known.has(each))) ring();
    known = over;
  }

  function ring() {
    for (const [tone, after] of [[880, 0], [660, 0.25]]) {
      const start = audio.currentTime + after;
      const sound = audio.createOscillator();
      const volume = audio.createGain();
      sound.frequency.value = tone;
      volume.gain.setValueAtTime(0.0001, start);
      volume.gain.exponentialRampToValueAtTime(0.4, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.6);
      sound.connect(volume).connect(audio.destination);
      sound.start(start);
      sound.stop(start + 0.65);
    }
    document.body.dataset.rang = Number(document.body.dataset.rang ?? 0) + 1;
  }

  // A browser lets a page make noise only after somebody has touched it.
  function offerChime() {
    if (query.get("chime") !== "1") return;
    const button = at("chime");
    button.hidden = false;
    button.textContent = draw.say("chime_off");
    button.addEventListener("click", () => {
      audio ??= new AudioContext();
      audio.resume();
      ring();
      button.textContent = draw.say("chime_on");
      button.disabled = true;
    });
  }

  function explain(problem) {
    at("problem").hidden = false;
    at("flow").hidden = true;
    const part = problem.part in draw.facts.parts ? draw.say(`part_${problem.part}`) : problem.part;
    const parts = problem.choices.length ? { [problem.part]: problem.choices } : draw.facts.parts;
    at("problem-what").textContent = problem.choices.length
      ? draw.say("unknown_part", { part, value: problem.value })
      : draw.say("not_both");
    const links = Object.entries(parts).flatMap(([key, values]) => values.map((value) => {
      const kept = new URLSearchParams(location.search);
      for (const each of Object.keys(draw.facts.parts)) kept.delete(each);
      kept.set(key, value);
      const link = draw.make("a", "", `${draw.say(`part_${key}`)} ${value}`);
      link.href = `./?${kept}`;
      return link;
    }));
    at("problem-choices").replaceChildren(...links);
  }

  theme();
  if (draw.facts.problem) {
    explain(draw.facts.problem);
    return;
  }
  offerChime();
  connect();
  setInterval(look, 250);
  new ResizeObserver(() => charts.fit()).observe(at("charts"));
  new ResizeObserver(draw.fit).observe(at("tiles"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.fit(true));
  addEventListener("online", () => {
    failures = 0;
    if (!source) connect();
  });
})();
