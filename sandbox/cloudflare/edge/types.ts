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
    path: string;
    query: string;
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
