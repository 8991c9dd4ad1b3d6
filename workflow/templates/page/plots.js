// The plots of the page, as specifications of Vega-Lite: dots with their 95 % intervals.

// Okabe and Ito's colours, which colour-blind readers tell apart, as in the figures of the report; a shape repeats each.
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#7F7F7F", "#6A3D9A"];
const SHAPES = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "triangle-right", "triangle-left"];
const KNOWN_FIRST = ["eager", "onnxruntime", "onnxruntime-int8"];
const MOST_IN_LEGEND = 24;

/** Draw a specification in an element; without evaluating text, so that the policy of the page allows it. */
function draw(place, specification, clicked = () => {}) {
  const options = { mode: "vega-lite", ast: true, renderer: "svg", actions: false, defaultStyle: false, tooltip: showTip, config: LOOK };
  return vegaEmbed(place, specification, options).then(({ view }) => {
    view.addEventListener("click", (_, item) => item?.datum?.index !== undefined && clicked(item.datum.index));
    return view;
  });
}

const INK = "currentColor"; // that of the page around, light, dark or printed
const LABELS = { labelColor: INK, titleColor: INK, labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal" };
const LOOK = {
  background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
  axis: { ...LABELS, gridColor: INK, gridOpacity: 0.13, domainColor: INK, domainOpacity: 0.6, tickColor: INK, tickOpacity: 0.6 },
  legend: { ...LABELS, symbolLimit: MOST_IN_LEGEND, labelLimit: 220 },
};

/** The words of the dot under the pointer. */
function showTip(_, event, __, words) {
  const tip = document.getElementById("tip");
  tip.hidden = !words;
  if (!words) return;
  tip.textContent = words;
  const { clientX, clientY } = event;
  tip.style.left = `${Math.max(4, Math.min(clientX + 14, innerWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${Math.min(clientY + 14, innerHeight - tip.offsetHeight - 4)}px`;
}

/**
 * The scale and the ticks for values: logarithmic where positive values span more than a factor of 4, else linear, from zero on unless
 * `fromZero` is false. `counts` get a prefix: 10k, 1M, 2G.
 */
function position(values, title, { fromZero = true, counts = false } = {}) {
  const known = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const axis = { format: counts ? "~s" : "~r", labelOverlap: true, tickCount: 5, grid: true };
  if (!known.length) return { type: "quantitative", title, axis, scale: { domain: [0, 1] } };
  if (fromZero && low > 0 && high / low > 4) {
    const margin = (high / low) ** 0.06;
    const domain = [low / margin, high * margin];
    return { type: "quantitative", title, axis: { ...axis, values: ticks(...domain) }, scale: { type: "log", domain, nice: false } };
  }
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  const domain = [fromZero && low >= 0 ? 0 : low - margin, high + margin];
  return { type: "quantitative", title, axis, scale: { domain, zero: false, nice: false } };
}

/** Ticks at powers of ten; over less than 1.7 decades also at 2 and 5 times them, over less than 2.6 at 3 times. */
function ticks(low, high) {
  const decades = Math.log10(high / low);
  const factors = decades < 1.7 ? [1, 2, 5] : decades < 2.6 ? [1, 3] : [1];
  const powers = Array.from({ length: Math.ceil(decades) + 2 }, (_, place) => Math.floor(Math.log10(low)) + place);
  return powers.flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`))).filter((tick) => tick >= low && tick <= high);
}

function names(values) {
  const place = (name) => (KNOWN_FIRST.includes(name) ? KNOWN_FIRST.indexOf(name) : KNOWN_FIRST.length);
  return [...new Set(values)].sort((a, b) => place(a) - place(b) || a.localeCompare(b, "en"));
}

/**
 * One dot per variant, coloured by its group, of which `groups` are all that the page has. Each of `dots` has x, y, the ends of their intervals (xLow, …), group, words and the states `outside`, `open`,
 * `modelled`, `focused`; `x` and `y` are {title, fromZero, counts}; at `limits` of x and y a line is drawn.
 */
function scatter(dots, { x, y, colour, groups, limits }) {
  const paints = repeated(COLOURS, groups.length);
  const at = (name, axis) => ({ field: name, ...position(dots.flatMap((dot) => [dot[name], dot[`${name}Low`], dot[`${name}High`]]), axis.title, axis) });
  const places = { x: at("x", x), y: at("y", y) };
  const narrow = innerWidth < 640;
  const legend = groups.length > MOST_IN_LEGEND || groups.length < 2 ? null : { orient: narrow ? "bottom" : "right", columns: narrow ? 2 : 1 };
  const faint = (value, otherwise) => ({ condition: { test: "datum.outside", value }, value: otherwise });
  const group = (range) => ({ field: "group", type: "nominal", title: colour, legend, scale: { domain: groups, range } });
  const whisker = (name) => ({
    transform: [{ filter: `isValid(datum.${name}Low) && isValid(datum.${name}High)` }],
    mark: { type: "rule", strokeWidth: 1.4, aria: false },
    encoding: {
      ...places, [name]: { ...places[name], field: `${name}Low` }, [`${name}2`]: { field: `${name}High` },
      stroke: { field: "paint", type: "nominal", scale: null }, opacity: faint(0.12, 0.55),
      strokeDash: { condition: { test: "datum.modelled", value: [2, 2] }, value: [1, 0] },
    },
  });
  const line = ([name, limit]) => ({
    data: { values: [{}] }, mark: { type: "rule", strokeDash: [6, 4], aria: false, color: INK, opacity: 0.7 },
    encoding: { [name]: { datum: limit, type: "quantitative" } },
  });
  return {
    width: "container", height: 340, autosize: { type: "fit-x", contains: "padding" },
    data: { name: "dots", values: painted(dots, groups) },
    layer: [
      ...Object.entries(limits).map(line), whisker("x"), whisker("y"),
      { transform: [{ filter: "datum.focused" }], mark: { type: "point", size: 420, strokeWidth: 3, filled: false, aria: false, color: INK }, encoding: places },
      {
        mark: { type: "point", filled: true, size: 85, strokeWidth: 1.8, cursor: "pointer" },
        encoding: {
          ...places, color: group(paints), shape: group(repeated(SHAPES, groups.length)), stroke: { field: "paint", type: "nominal", scale: null },
          opacity: faint(0.25, 1), fillOpacity: { condition: { test: "datum.open", value: 0 }, value: 0.85 },
          tooltip: { field: "words" }, description: { field: "words" },
        },
      },
    ],
  };
}

/** The dots with the colour of their group. */
function painted(dots, groups) {
  return dots.map((dot) => ({ ...dot, paint: COLOURS[groups.indexOf(dot.group) % COLOURS.length] }));
}

function repeated(values, length) {
  return Array.from({ length }, (_, place) => values[place % values.length]);
}

/** A sweep: figures with their intervals against the values of an axis. `points` have at, value, low, high and words. */
function sweepPlot(points, { axis, title }) {
  const ats = [...new Set(points.map((point) => point.at))];
  const across = position(ats, axis, { fromZero: false });
  const x = { field: "at", ...across, scale: { type: ats.every((at) => at > 0) ? "log" : "linear", nice: false, padding: 12 }, axis: { ...across.axis, values: ats } };
  const y = { field: "value", ...position(points.flatMap((point) => [point.value, point.low, point.high]), title) };
  return {
    width: "container", height: 200, autosize: { type: "fit-x", contains: "padding" }, data: { values: points },
    encoding: { x, color: { value: COLOURS[0] } },
    layer: [
      { mark: { type: "line", aria: false, opacity: 0.6 }, encoding: { y } },
      { transform: [{ filter: "isValid(datum.low)" }], mark: { type: "rule", aria: false }, encoding: { y: { ...y, field: "low" }, y2: { field: "high" } } },
      { mark: { type: "point", filled: true, size: 60, opacity: 1 }, encoding: { y, tooltip: { field: "words" }, description: { field: "words" } } },
    ],
  };
}

/** The launches of a base point in the order of time: as measured, and corrected to the typical speed of the device. */
function launchPlot(launches, unit) {
  const dots = launches.flatMap(({ minutes, raw, corrected }) => [
    { minutes, value: raw, kind: "as measured" }, ...(Number.isFinite(corrected) ? [{ minutes, value: corrected, kind: "corrected" }] : []),
  ]).map((dot) => ({ ...dot, words: `${dot.kind}: ${digits(dot.value)} ${unit} after ${digits(dot.minutes)} min` }));
  const paint = { field: "kind", type: "nominal", title: null, scale: { domain: ["as measured", "corrected"], range: ["#999999", COLOURS[1]] }, legend: { orient: "top" } };
  return {
    width: "container", height: 200, autosize: { type: "fit-x", contains: "padding" }, data: { values: dots },
    mark: { type: "point", filled: true, size: 45, opacity: 0.9 },
    encoding: {
      x: { field: "minutes", ...position(dots.map((dot) => dot.minutes), "minutes since the first launch") },
      y: { field: "value", ...position(dots.map((dot) => dot.value), `latency, ${unit}`, { fromZero: false }) },
      color: paint, shape: { ...paint, scale: { domain: ["as measured", "corrected"], range: ["circle", "diamond"] } },
      tooltip: { field: "words" }, description: { field: "words" },
    },
  };
}
