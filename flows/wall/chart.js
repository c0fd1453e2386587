// The charts: today's attainment over yesterday's, and the objective between blue and red.
"use strict";

const charts = (() => {
  const drawn = new Map();

  function style(name) {
    return getComputedStyle(document.body).getPropertyValue(name).trim();
  }

  function rem(size) {
    return size * parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  // Blue above the objective, red below it: the same line tells both.
  function split(u, objective) {
    const fine = style("--fine-line");
    if (objective === null) return fine;
    const { top, height } = u.bbox;
    const at = (u.valToPos(objective, "y", true) - top) / height;
    if (!(at > 0)) return style("--breached-line");
    if (at >= 1) return fine;
    const gradient = u.ctx.createLinearGradient(0, top, 0, top + height);
    gradient.addColorStop(0, fine);
    gradient.addColorStop(at, fine);
    gradient.addColorStop(at, style("--breached-line"));
    gradient.addColorStop(1, style("--breached-line"));
    return gradient;
  }

  function bounds(chart) {
    const seen = [...chart.today, ...chart.yesterday, chart.objective].filter((v) => v !== null);
    const low = Math.min(...seen, 0.9);
    return [Math.max(0, Math.floor((low - 0.02) * 20) / 20), 1];
  }

  function options(chart, box) {
    const font = `${rem(1.25)}px ${style("font-family") || "sans-serif"}`;
    const axis = { stroke: style("--muted"), font, ticks: { show: false } };
    const grid = { stroke: style("--line"), width: 1 };
    return {
      width: box.clientWidth,
      height: box.clientHeight,
      legend: { show: false },
      cursor: { show: false },
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), draw.facts.zone),
      scales: { x: { time: true }, y: { range: () => bounds(drawn.get(chart.target).chart) } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: rem(2.2),
          gap: rem(0.6),
          space: rem(5),
          values: (_, at) => at.map((each) => draw.clock(each)),
        },
        {
          ...axis,
          grid,
          size: rem(4.4),
          gap: rem(0.4),
          space: rem(3),
          values: (_, shares) => shares.map((each) => `${Math.round(each * 100)}%`),
        },
      ],
      series: [
        {},
        { stroke: style("--muted"), width: rem(0.14), dash: [rem(0.2), rem(0.35)], points: { show: false } },
        { stroke: style("--text"), width: rem(0.12), dash: [rem(0.9), rem(0.5)], points: { show: false } },
        {
          stroke: (u) => split(u, drawn.get(chart.target).chart.objective),
          width: rem(0.32),
          points: { show: false },
        },
      ],
    };
  }

  function lines(chart) {
    return [chart.at, chart.yesterday, chart.at.map(() => chart.objective), chart.today];
  }

  function key(kind, text, share) {
    const made = draw.make("span", `key ${kind}`, `${text} `);
    if (share !== null) {
      const value = draw.make("b", "", kind === "promised" ? draw.promised(share) : draw.percent(share));
      value.dataset[kind] = share;
      made.append(value);
    }
    return made;
  }

  // Beside the lines stands what they come to: today so far, and yesterday up to the same time.
  function caption(chart) {
    const until = draw.say("yesterday_by", { time: draw.clock(chart.until) });
    const made = [
      draw.make("h2", "", draw.say("chart_title", { target: draw.name("target", chart.target) })),
    ];
    if (chart.objective !== null) made.push(key("promised", draw.say("objective").toLowerCase(), chart.objective));
    made.push(
      key("today", draw.say("today"), chart.so_far),
      key("before", chart.before === null ? draw.say("no_yesterday") : until, chart.before),
    );
    return made;
  }

  function frame(chart) {
    const figure = draw.make("figure", "chart");
    figure.dataset.target = chart.target;
    const head = draw.make("figcaption");
    const box = draw.make("div", "plot");
    figure.append(head, box);
    return { figure, head, box, chart, plot: null };
  }

  function show(models) {
    const wanted = models.map((each) => each.target).join();
    if (wanted !== [...drawn.keys()].join()) {
      drawn.clear();
      for (const each of models) drawn.set(each.target, frame(each));
      const figures = [...drawn.values()].map((each) => each.figure);
      document.getElementById("charts").replaceChildren(...figures);
    }
    for (const each of models) {
      const known = drawn.get(each.target);
      known.chart = each;
      known.head.replaceChildren(...caption(each));
      if (known.plot) known.plot.setData(lines(each));
    }
    fit();
  }

  // A hidden box has no size: what cannot be drawn yet is drawn when it has one.
  function fit(anew = false) {
    for (const known of drawn.values()) {
      const { box, plot, chart } = known;
      if (!box.clientWidth || !box.clientHeight) continue;
      if (plot && !anew && plot.width === box.clientWidth && plot.height === box.clientHeight) continue;
      if (plot) plot.destroy();
      known.plot = new uPlot(options(chart, box), lines(chart), box);
    }
  }

  return { show, fit };
})();
