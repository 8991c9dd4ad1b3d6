"use strict";
// How numbers are written and read: as in joulesweep/formatting.py, so that a computed number has no more digits than its interval allows.

/** A number with so many significant digits and no exponent; – where there is none. */
function digits(value, significantDigits = 3) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const places = significantDigits - 1 - Math.floor(Math.log10(Math.abs(value)));
  const rounded = rounding(value, places);
  return fixed(rounded, significantDigits - 1 - Math.floor(Math.log10(Math.abs(rounded))));
}

/** How many significant digits of `value` its interval allows: at least 1, at most 3 (rounding rule of the Particle Data Group). */
function significant(value, low, high) {
  const half = (high - low) / 2;
  if (!Number.isFinite(value) || !(half > 0) || !Number.isFinite(half) || value === 0) return 3;
  const exponent = Math.floor(Math.log10(half));
  const last = exponent - (half / 10 ** exponent < 3.55 ? 1 : 0);
  return Math.max(1, Math.min(3, Math.floor(Math.log10(Math.abs(value))) - last + 1));
}

/** A figure with its interval in square brackets, all ending at the same decimal place. */
function bracketed({ value, low, high }) {
  if (!Number.isFinite(value)) return "–";
  if (!Number.isFinite(low) || !Number.isFinite(high)) return `${digits(value)} (no interval)`;
  const half = (high - low) / 2;
  const size = Math.max(Math.abs(value), half);
  if (!size) return "0 [0, 0]";
  if (low === high) return digits(value);
  const places = significant(size, size - half, size + half) - 1 - Math.floor(Math.log10(size));
  return `${fixed(value, places)} [${fixed(low, places)}, ${fixed(high, places)}]`;
}

/** So many decimals; a negative number of places rounds before the point; never a negative zero. */
function fixed(value, places) {
  const rounded = rounding(value, places) + 0;
  return (rounded === 0 ? 0 : rounded).toFixed(Math.max(places, 0)).replace("-", "−");
}

function rounding(value, places) {
  return places > 0 ? Number(value.toFixed(Math.min(places, 100))) : Math.round(value / 10 ** -places) * 10 ** -places;
}

/** The nearest round number that is not below `value`, or with `up` false not above it, to a hundredth of `span`. */
function roundedTo(value, span, up) {
  const factor = 10 ** Math.ceil(2 - Math.log10(span));
  return Number(((up ? Math.ceil : Math.floor)(value * factor) / factor).toPrecision(12));
}

const PREFIXES = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** The number with which a cell begins, its prefix included; NaN where it begins with none. */
function leadingNumber(words) {
  const match = /^(?:≈ |below )?([−-]?\d+(?:\.\d+)?)(?:\s([kMGT])(?![a-z]))?/u.exec(words.trim());
  return match ? Number(match[1].replace("−", "-")) * (PREFIXES[match[2]] ?? 1) : NaN;
}

/** The ratio of two positive figures whose intervals are symmetric on logarithms; their halves add up as squares. */
function ratio(a, b) {
  const half = Math.hypot(...[a, b].map((each) => Math.log(each.high / each.low) / 2));
  const value = a.value / b.value;
  return { value, low: value * Math.exp(-half), high: value * Math.exp(half) };
}

/** The difference of two figures, with an interval that is symmetric about it. */
function difference(a, b) {
  const half = Math.hypot((a.high - a.low) / 2, (b.high - b.low) / 2);
  return { value: a.value - b.value, low: a.value - b.value - half, high: a.value - b.value + half };
}
