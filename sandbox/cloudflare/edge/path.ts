/**
 * The path that conditions of rules and paths of Access applications are compared with.
 * Fact: Cloudflare normalizes this path. It decodes escapes of unreserved
 * characters, resolves dot segments, and replaces backslashes and repeated slashes by one slash. The origin gets the path
 * as the caller sent it.
 */
export function normalPath(path: string): string {
    const decoded = path
        .replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
            const character = String.fromCharCode(parseInt(hex, 16));
            return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
        })
        .replaceAll("\\", "/")
        .replace(/\/{2,}/g, "/");
    const kept: string[] = [];
    const segments = decoded.split("/").slice(1);
    segments.forEach((segment, i) => {
        const last = i === segments.length - 1;
        if (segment === "..") kept.pop();
        if (segment !== "." && segment !== "..") kept.push(segment);
        else if (last) kept.push("");
    });
    return `/${kept.join("/")}`;
}
