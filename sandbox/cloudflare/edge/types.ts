import type { Zone } from "../objects";

/** Headers as they were sent: in order, not merged, not in lower case, none omitted. */
export type HeaderList = [name: string, value: string][];

export interface EdgeRequest {
    zone: Zone;
    /** Lower case, without a port. */
    hostname: string;
    method: string;
    /** Path and query, as the caller sent them. */
    target: string;
    /** Normalized path, see {@link normalPath}. */
    path: string;
    headers: HeaderList;
    /** The caller's address. */
    ip: string;
    ray: string;
}

/** An answer of the edge itself. */
export interface EdgeAnswer {
    status: number;
    headers?: HeaderList;
    type: string;
    body: string;
}

/** Thrown for a feature that the emulator does not have. The edge answers 501 with the feature's name. */
export class Unsupported extends Error {}

export const values = (headers: HeaderList, name: string): string[] =>
    headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);

/**
 * The path with which rules and Access applications are compared. Fact: Cloudflare decodes escapes of unreserved characters,
 * resolves dot segments, and replaces backslashes and repeated slashes by one slash. The origin gets the path as sent.
 */
export function normalPath(path: string): string {
    const decoded = path
        .replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
            const character = String.fromCharCode(parseInt(hex, 16));
            return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
        })
        .replace(/[\\/]+/g, "/");
    const kept: string[] = [];
    const segments = decoded.split("/").slice(1);
    segments.forEach((segment, i) => {
        if (segment === "..") kept.pop();
        if (segment !== "." && segment !== "..") kept.push(segment);
        else if (i === segments.length - 1) kept.push("");
    });
    return `/${kept.join("/")}`;
}
