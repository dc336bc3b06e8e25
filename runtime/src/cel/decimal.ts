/**
 * Doubles as decimals, rounded from their exact value, half to even, which toFixed and toExponential do not do.
 */

/** With `precision` decimals. */
export function fixedText(value: number, precision: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = String(scaled(Math.abs(value), precision)).padStart(precision + 1, "0");
  const whole = digits.slice(0, digits.length - precision);
  const text = precision === 0 ? whole : `${whole}.${digits.slice(-precision)}`;
  return isNegative(value) ? `-${text}` : text;
}

/** As "1.234560e+03": one digit, `precision` decimals, and an exponent of at least two digits. */
export function exponentText(value: number, precision: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  let exponent = size === 0 ? 0 : Number(size.toExponential().split("e")[1]);
  let digits = String(scaled(size, precision - exponent)).padStart(precision + 1, "0");
  // 9.99 has become 10.0.
  if (digits.length > precision + 1) digits = String(scaled(size, precision - ++exponent));
  const text = precision === 0 ? digits : `${digits[0]}.${digits.slice(1)}`;
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${isNegative(value) ? "-" : ""}${text}e${exponent < 0 ? "-" : "+"}${power}`;
}

function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0);
}

/** `value * 10 ** power`, rounded half to even. */
function scaled(value: number, power: number): bigint {
  // value = mantissa * 2 ** shift, exactly.
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const mantissa = (bits & 0xf_ffff_ffff_ffffn) | (biased === 0 ? 0n : 1n << 52n);
  const shift = Math.max(biased, 1) - 1075;
  let top = mantissa;
  let bottom = 1n;
  if (shift > 0) top <<= BigInt(shift);
  else bottom <<= BigInt(-shift);
  if (power > 0) top *= 10n ** BigInt(power);
  else bottom *= 10n ** BigInt(-power);
  const quotient = top / bottom;
  const twice = (top % bottom) * 2n;
  return twice > bottom || (twice === bottom && quotient % 2n === 1n) ? quotient + 1n : quotient;
}
