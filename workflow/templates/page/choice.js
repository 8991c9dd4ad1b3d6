// Which variant to take under limits: the rule of joulesweep/merged/choice.py, for the limits that the page offers.

const LIMITED = ["accuracy", "latency", "energy", "memory", "weights"];

/** A figure of a variant as {value, low, high}; NaN ends where it has no interval, undefined where there is no figure. */
function figureOf(variant, name) {
  const figure = variant.figures[name];
  return figure && { value: figure[0], low: figure[1] ?? NaN, high: figure[2] ?? NaN };
}

/** The accuracy of a variant so that more is better, whatever its metric. */
function gain(variant) {
  const { value, low, high } = figureOf(variant, "accuracy");
  return variant.higher ? { value, low, high } : { value: -value, low: -high, high: -low };
}

/** Whether the figure of a variant is within a limit; with `surely`, its whole interval. */
function allows(variant, name, limit, surely) {
  const figure = figureOf(variant, name);
  if (!figure) return false;
  if (name === "accuracy") return (surely ? figure.low : figure.value) >= limit;
  return (surely ? figure.high : figure.value) <= limit;
}

/** How a variant stands to the limits: "sure" (its whole intervals meet them), "figure" (only its figures do), "outside", "unknown". */
function standing(variant, limits) {
  const set = Object.entries(limits);
  if (limits.accuracy !== undefined && variant.higher === false) return "unknown";
  if (["latency", ...Object.keys(limits)].some((name) => !variant.figures[name])) return "unknown";
  if (!set.every(([name, limit]) => allows(variant, name, limit, false))) return "outside";
  return set.every(([name, limit]) => allows(variant, name, limit, true)) ? "sure" : "figure";
}

/**
 * The variants of one device to take, one per data set and metric: the most accurate that meets every limit with its whole
 * intervals; of those whose accuracies the intervals do not tell apart, the fastest. Where no intervals are within, the figures decide.
 */
function choose(variants, limits) {
  const meeting = variants.filter((variant) => ["sure", "figure"].includes(standing(variant, limits)));
  const accurate = meeting.filter((variant) => variant.figures.accuracy);
  const groups = accurate.length ? groupsBy(accurate, (variant) => variant.judged) : meeting.length ? [meeting] : [];
  return groups.map((group) => {
    const sure = group.filter((variant) => standing(variant, limits) === "sure");
    const alike = mostAccurate(sure.length ? sure : group);
    return { variant: fastest(alike), sure: sure.length > 0, alike: alike.length };
  });
}

function groupsBy(items, name) {
  const groups = new Map();
  for (const item of items) groups.set(name(item), [...(groups.get(name(item)) ?? []), item]);
  return [...groups.values()];
}

function mostAccurate(variants) {
  if (!variants[0].figures.accuracy) return variants;
  const best = variants.map(gain).reduce((a, b) => (b.value > a.value ? b : a));
  return variants.filter((variant) => !(difference(best, gain(variant)).low > 0));
}

function fastest(variants) {
  return variants.reduce((a, b) => (b.figures.latency[0] < a.figures.latency[0] ? b : a));
}

/** The variant that misses its worst limit by the smallest factor, and that factor; undefined where none can be judged. */
function nearest(variants, limits) {
  const judged = variants.filter((variant) => standing(variant, limits) === "outside");
  const excesses = judged.map((variant) => ({ variant, excess: Math.max(...Object.entries(limits).map((limit) => excess(variant, ...limit))) }));
  return excesses.length ? excesses.reduce((a, b) => (b.excess < a.excess ? b : a)) : undefined;
}

function excess(variant, name, limit) {
  if (allows(variant, name, limit, false)) return 1;
  const value = variant.figures[name][0];
  const [larger, smaller] = name === "accuracy" ? [limit, value] : [value, limit];
  return smaller > 0 ? larger / smaller : Infinity;
}
