// Draws the model of flows/wall/model.py. Every number carries the series it was made from.
"use strict";

const draw = (() => {
  const texts = JSON.parse(document.body.dataset.texts);
  const facts = JSON.parse(document.body.dataset.facts);
  const locale = facts.language === "zh" ? "zh-CN" : "en-GB";

  function say(key, values = {}) {
    return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  // A desk's own names are shown as they are, those that ship in the reader's language.
  function name(kind, word) {
    return texts[`${kind}__${word}`] ?? word.replaceAll("_", " ");
  }

  function clock(seconds, withSeconds = false) {
    return new Intl.DateTimeFormat(locale, {
      timeZone: facts.zone,
      hour: "2-digit",
      minute: "2-digit",
      second: withSeconds ? "2-digit" : undefined,
      hourCycle: "h23",
    }).format(new Date(seconds * 1000));
  }

  function date(seconds) {
    return new Intl.DateTimeFormat(locale, {
      timeZone: facts.zone,
      weekday: "short",
      day: "numeric",
      month: "short",
    }).format(new Date(seconds * 1000));
  }

  function span(seconds) {
    const s = Math.max(0, Math.round(seconds));
    if (s < 100) return say("seconds", { n: s });
    const m = Math.floor(s / 60);
    if (m < 100) return say("minutes", { n: m });
    const h = Math.floor(m / 60);
    if (h >= 48) return say("days", { n: Math.floor(h / 24) });
    if (h >= 10 || m % 60 === 0) return say("hours", { n: h });
    return say("hours", { n: (Math.floor(m / 6) / 10).toFixed(1) });
  }

  // Never up: 94.96 % must not read as a met objective of 95.
  function percent(share) {
    const tenths = Math.floor(share * 1000 + 1e-9);
    return tenths === 1000 ? "100%" : `${(tenths / 10).toFixed(1)}%`;
  }

  function promised(share) {
    return `${+(share * 100).toFixed(2)}%`;
  }

  function make(tag, className = "", text = "") {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  // Digits large, units small: "95.2%", "3.3 h".
  function spell(into, text) {
    into.replaceChildren(
      ...text.split(/([\d.,:–]+)/).filter(Boolean).map((part) =>
        make("span", /\d|–/.test(part) ? "digits" : "unit", part),
      ),
    );
  }

  // Whatever a line says, it says it whole: what is too wide for its tile is set smaller.
  function fit() {
    const lines = [...document.querySelectorAll(".tile h2, .tile p:not(.state)")];
    for (const each of lines) each.style.removeProperty("--fit");
    const shares = lines.map((each) => each.clientWidth / Math.max(1, each.scrollWidth));
    lines.forEach((each, i) => {
      if (shares[i] < 1) each.style.setProperty("--fit", (Math.floor(shares[i] * 100) / 100).toFixed(2));
    });
  }

  function show(into, number, text) {
    into.dataset.metric = number.metric;
    into.dataset.fold = number.fold;
    into.dataset.value = number.value ?? "";
    if (into.classList.contains("value")) spell(into, text);
    else into.textContent = text;
    return into;
  }

  function word(state) {
    return state === "none" ? say("quiet") : say(state);
  }

  // Position beside colour and word: left fine, middle at risk, right breached.
  function lamp(state) {
    const made = make("span", "lamp");
    made.setAttribute("aria-hidden", "true");
    for (const each of ["fine", "at_risk", "breached"]) {
      made.append(make("i", each === state ? "on" : ""));
    }
    return made;
  }

  function stateLine(state) {
    const line = make("p", "state");
    line.append(lamp(state), make("span", "word", word(state)));
    return line;
  }

  function names(tile) {
    return [
      tile.channel && name("channel", tile.channel),
      tile.priority && name("priority", tile.priority),
      tile.team,
    ].filter(Boolean).join(" · ");
  }

  const bodies = {
    attainment(tile, value, goal, more) {
      const none = tile.value.value === null;
      show(value, tile.value, none ? "–" : percent(tile.value.value));
      if (tile.objective.value !== null) {
        show(goal, tile.objective, say("objective_of", { share: promised(tile.objective.value) }));
      }
      if (tile.hour.value !== null) {
        more.append(`${say("last_hour")} `, show(make("b"), tile.hour, percent(tile.hour.value)));
      }
      return [name("target", tile.target), say("today"), none ? say("no_results") : ""];
    },
    breached(tile, value, goal) {
      show(value, tile.value, String(tile.value.value));
      show(goal, tile.of, say("allowed_of", { allowed: tile.allowed, count: tile.of.value }));
      return [say("tile_breached"), ""];
    },
    at_risk(tile, value, goal) {
      show(value, tile.value, String(tile.value.value));
      goal.textContent = say("room_of", { allowed: tile.allowed });
      return [say("tile_at_risk"), ""];
    },
    longest(tile, value, goal, more) {
      if (!tile.value) {
        value.textContent = "–";
        return [say("tile_longest"), "", say("nobody")];
      }
      show(value, tile.value, "");
      value.dataset.since = tile.value.value;
      show(goal, tile.goal, say("goal_of", { goal: span(tile.goal.value) }));
      more.textContent = names(tile);
      return [say("tile_longest"), ""];
    },
    urgent(tile, value, goal, more) {
      show(value, tile.value, String(tile.value.value));
      if (tile.goal.value !== null) {
        show(goal, tile.goal, say("goal_of", { goal: span(tile.goal.value) }));
      }
      more.textContent = name("target", tile.target);
      return [say("tile_urgent", { priority: name("priority", tile.priority) }), ""];
    },
    hour(tile, value, goal) {
      show(value, tile.value, String(tile.value.value));
      show(goal, tile.of, say("allowed_of", { allowed: tile.allowed, count: tile.of.value }));
      return [say("tile_hour"), ""];
    },
    work(tile, value, goal) {
      show(value, tile.value, String(tile.value.value));
      show(goal, tile.of, say("new_of", { count: tile.of.value }));
      return [say("tile_work"), ""];
    },
    next(tile, value, goal, more) {
      if (!tile.value) {
        value.textContent = "–";
        return [say("tile_next"), "", say("none_due")];
      }
      show(value, tile.value, "");
      value.dataset.due = tile.value.value;
      goal.textContent = name("target", tile.target);
      more.textContent = tile.ticket.split("/").slice(1).join("/");
      return [say(tile.state === "breached" ? "tile_overdue" : "tile_next"), ""];
    },
  };

  function tile(each) {
    const made = make("article", `tile ${each.kind} is-${each.state}`);
    const head = make("h2");
    const value = make("p", "value");
    const goal = make("p", "goal");
    const more = make("p", "more");
    const [title, when, instead] = bodies[each.kind](each, value, goal, more);
    head.append(make("span", "", title), make("small", "", when));
    made.append(head, value);
    if (instead) made.append(make("p", "state", instead));
    else if (each.state !== "none") made.append(stateLine(each.state));
    made.append(goal, more);
    return made;
  }

  function count(number, key, state) {
    const made = make("li", number.value ? state : "");
    made.append(show(make("b"), number, String(number.value)), ` ${say(key)}`);
    return made;
  }

  function cell(each) {
    const made = make("article", `cell is-${each.state}`);
    made.dataset.name = each.name;
    const head = make("h2", "", name(each.kind, each.name));
    const state = each.is_urgent ? `urgent_${each.state}` : each.state;
    const value = make("p", "value");
    show(value, each.value, each.value.value === null ? "–" : percent(each.value.value));
    const counts = make("ul");
    if (each.breached) counts.append(count(each.breached, "count_breached", "bad"));
    if (each.at_risk) counts.append(count(each.at_risk, "count_at_risk", "soon"));
    if (each.open) counts.append(count(each.open, "count_open", ""));
    const above = make("div");
    const below = make("div");
    above.append(head, lamp(each.state));
    counts.prepend(make("li", "word", word(state)));
    below.append(value, counts);
    made.append(above, below);
    return made;
  }

  function ticket(each) {
    const made = make("li", each.is_overdue ? "over" : "");
    const id = each.ticket.split("/").slice(1).join("/");
    const label = make(each.link ? "a" : "span", "id", id);
    if (each.link) {
      label.href = each.link;
      label.target = "_blank";
      label.rel = "noopener noreferrer";
    }
    const what = `${name("target", each.target)} · ${name("channel", each.channel)}`;
    const where = make("span", "what", `${what} · ${each.team || say("team_none")}`);
    const due = show(make("b", "due"), each.due, "");
    due.dataset.due = each.due.value;
    made.append(label, where, due);
    return made;
  }

  function fillTimes(now) {
    for (const each of document.querySelectorAll("[data-since]")) {
      spell(each, span(now - each.dataset.since));
    }
    for (const each of document.querySelectorAll("[data-due]")) {
      const left = each.dataset.due - now;
      const text = `${say(left > 0 ? "due_in" : "overdue")} ${span(Math.abs(left))}`;
      if (each.classList.contains("value")) spell(each, span(Math.abs(left)));
      else each.textContent = text;
    }
    fit();
  }

  function title(chosen) {
    if (!chosen.length) return say("whole_desk");
    return chosen
      .map(([part, value]) => `${say(`part_${part}`)} ${part === "channel" ? name(part, value) : value}`)
      .join(" · ");
  }

  function wall(model) {
    const cells = document.getElementById("cells");
    document.getElementById("title").textContent = title(model.chosen);
    document.getElementById("tiles").replaceChildren(...model.tiles.map(tile));
    cells.replaceChildren(...model.cells.map(cell));
    cells.dataset.count = model.cells.length;
    cells.classList.toggle("one-row", model.cells.length <= 5);
    const columns = model.cells.length <= 5 ? model.cells.length : Math.ceil(model.cells.length / 2);
    cells.style.setProperty("--columns", columns);
    document.getElementById("urgent-title").textContent = say("urgent_title");
    const rows = model.tickets.map(ticket);
    document.getElementById("tickets").replaceChildren(
      ...(rows.length ? rows : [make("li", "none", say("no_urgent"))]),
    );
  }

  return { say, name, clock, date, span, percent, promised, make, facts, fillTimes, fit, wall };
})();
