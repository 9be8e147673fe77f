/** Formats a number as Lua 5.1 (LuaJIT) does, with C's "%.14g". */
export function luaNumber(value: number): string {
    if (value === 0) return Object.is(value, -0) ? "-0" : "0";
    const [mantissa, power] = value.toExponential(13).split("e");
    const exponent = Number(power);
    if (exponent >= -4 && exponent < 14) return trimZeros(value.toFixed(Math.max(0, 13 - exponent)));
    const digits = String(Math.abs(exponent)).padStart(2, "0");
    return `${trimZeros(mantissa)}e${exponent < 0 ? "-" : "+"}${digits}`;
}

function trimZeros(text: string): string {
    return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}
