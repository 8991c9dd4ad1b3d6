// Figures relative to those of another variant.

/**
 * The figure of a variant relative to that of a reference: their ratio, of accuracies the difference. `clear` says whether the intervals
 * show a difference. Where two figures cannot be compared there is no `value`, and the words say why; undefined where one is missing.
 */
function relativeFigure(variant, reference, name) {
  const [own, other] = [variant, reference].map((each) => each && figureOf(each, name));
  if (!own || !other) return undefined;
  const same = name === "accuracy" ? 0 : 1;
  if (variant === reference) return { value: same, words: String(same), clear: true };
  if (name === "accuracy" && variant.judged !== reference.judged) return { words: "– (other data)", clear: true };
  if (name === "energy" && variant.modelled !== reference.modelled) return { words: "– (modelled and measured)", clear: true };
  if (name === "memory") return relativeMemory(own, other);
  const figure = name === "accuracy" ? difference(own, other) : ratio(own, other);
  const unit = name === "accuracy" && variant.unit === "%" ? " points" : "";
  return { ...figure, words: bracketed(figure) + unit, clear: figure.low > same || figure.high < same };
}

/** Memory has no interval. A ratio is taken as clear beyond the tolerance that stands in its place, as in the report. */
function relativeMemory(own, other) {
  const value = own.value / other.value;
  const tolerance = own.high / own.value;
  return { value, words: digits(value), clear: value > tolerance || value < 1 / tolerance };
}

/** The words of a relative figure, marked where the intervals show no difference; with `hide`, only the mark. */
function marked(figure, hide) {
  if (figure.clear) return figure.words;
  return hide ? "≈" : `≈ ${figure.words}`;
}
