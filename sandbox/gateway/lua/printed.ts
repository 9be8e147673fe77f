/** Formats values as Lua 5.1 (LuaJIT) does, for error messages and re-encoded JSON. */

/** Formats a number as Lua does, with C's "%.14g". */
export function luaNumber(value: number): string {
    if (Number.isNaN(value)) return "nan";
    if (value === Infinity) return "inf";
    if (value === -Infinity) return "-inf";
    if (value === 0) return Object.is(value, -0) ? "-0" : "0";
    const exponent = Number(value.toExponential(13).split("e")[1]);
    if (exponent < -4 || exponent >= 14) {
        const [mantissa, power] = value.toExponential(13).split("e");
        const sign = power.startsWith("-") ? "-" : "+";
        return `${trimZeros(mantissa)}e${sign}${power.replace(/^[+-]/, "").padStart(2, "0")}`;
    }
    return trimZeros(value.toFixed(Math.max(0, 13 - exponent)));
}

function trimZeros(text: string): string {
    return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

/** Quotes a text as Lua's format "%q" does. */
export function luaQuote(text: string): string {
    const escaped = text.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\\n").replace(/\r/g, "\\r").replace(/\0/g, "\\0");
    return `"${escaped}"`;
}
