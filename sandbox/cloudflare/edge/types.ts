import type { Zone } from "../objects";

/** Names and values in turn as they came: nothing merged, lower-cased or dropped. */
export type HeaderList = [name: string, value: string][];

/** One request as the edge judges it. */
export interface EdgeRequest {
    zone: Zone;
    /** Lower case, without a port. */
    hostname: string;
    method: string;
    /** Path and query, as sent. */
    target: string;
    path: string;
    query: string;
    headers: HeaderList;
    /** The caller's address. */
    ip: string;
    ray: string;
}

/** An answer the edge gives by itself. */
export interface EdgeAnswer {
    status: number;
    headers?: HeaderList;
    type: string;
    body: string;
}

/** What an emulator lacks: shown as 501, with its name. */
export class Unsupported extends Error {}

export const values = (headers: HeaderList, name: string): string[] =>
    headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
