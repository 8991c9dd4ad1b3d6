// Which variant to take under limits, in words.

/**
 * One line per device, or per device and data set, and how many variants meet the limits. `decisions` has for each device its `variants`
 * and the `picks` among them; `figure` gives a figure of a variant in words.
 */
function winnerWords(decisions, limits, figure) {
  const all = decisions.flatMap(({ variants }) => variants);
  if (!all.length) return ["No variant is shown."];
  const lines = decisions.flatMap(({ variants, picks }) => (picks.length ? picks.map((pick) => pickWords(pick, figure)) : [nearestWords(variants, limits)]));
  const count = (state) => all.filter((variant) => standing(variant, limits) === state).length;
  const more = count("figure") ? `, ${count("figure")} more by their figures only (hollow in the plot)` : "";
  const unknown = count("unknown") ? ` ${count("unknown")} cannot be judged: a figure is missing, or less is better in their metric.` : "";
  const summary = `Of the ${all.length} variants shown, ${count("sure")} meet every limit with their whole intervals${more}.${unknown}`;
  return [element("ul", {}, ...lines.map((line) => element("li", {}, ...line))), summary];
}

function pickWords({ variant, sure, alike }, figure) {
  const figures = ["accuracy", "latency", "energy"].filter((name) => variant.figures[name]).flatMap((name) => [element("bdi", {}, figure(variant, name)), ", "]).slice(0, -1);
  const fastest = alike > 1 ? ` The fastest of ${alike} whose accuracies the intervals do not tell apart.` : " The most accurate.";
  const reason = variant.figures.accuracy ? fastest : " The fastest.";
  const doubt = sure ? "" : " It meets a limit by its figure only, not with its whole interval.";
  return ["Take ", strong(nameOf(variant)), " on ", element("bdi", {}, variant.device), ": ", ...figures, `.${reason}${doubt}`];
}

function nearestWords(variants, limits) {
  const where = ["On ", element("bdi", {}, variants[0].device), " no variant meets every limit"];
  const closest = nearest(variants, limits);
  if (!closest) return [...where, ", and none can be judged: a figure is missing, or less is better in its metric."];
  return [...where, ". The nearest is ", strong(nameOf(closest.variant)), Number.isFinite(closest.excess) ? `: it misses its worst limit by a factor of ${digits(closest.excess)}.` : "."];
}

function strong(words) {
  return element("strong", {}, element("bdi", {}, words));
}
