/**
 * The protocol between edge and connector of cloudflared 2026.8.2 with `--protocol http2` (connection/http2.go, header.go,
 * control.go).
 *
 * The connector connects to the edge by TLS. On this connection the connector is the HTTP/2 server: for each request of a
 * caller the edge opens a stream with the caller's headers. The headers of the origin's answer come back in one header, each
 * name and value in base64, because HTTP/2 could reject the original headers. Other streams have the header
 * `cf-cloudflared-proxy-connection-upgrade`, with the value `control-stream` (registration by Cap'n Proto, see ../registration,
 * for the lifetime of the connection) or `update-configuration`.
 *
 * Unsupported: QUIC, WebSockets, TCP streams, traces.
 */
import type { TunnelConfiguration } from "../objects";

/** Name that a connector expects in the edge's certificate. */
export const EDGE_NAME = "h2.cftunnel.com";
export const UPGRADE = "cf-cloudflared-proxy-connection-upgrade";
export const CONTROL_STREAM = "control-stream";
export const UPDATE_CONFIGURATION = "update-configuration";
export const RESPONSE_HEADERS = "cf-cloudflared-response-headers";
export const RESPONSE_META = "cf-cloudflared-response-meta";
export const FROM_ORIGIN = '{"src":"origin"}';
export const FROM_CONNECTOR = '{"src":"cloudflared"}';

/** Connections of one connector (default of the hidden flag `--ha-connections`). */
export const CONNECTIONS = 4;

export type HeaderList = [name: string, value: string][];

/** Body of an `update-configuration` stream, and its answer. */
export interface ConfigurationUpdate {
    version: number;
    config: TunnelConfiguration["config"];
    /** URL of Access's keys. Only the emulated edge sends it: the real connector derives the URL from the name of the team. */
    certsUrl: string;
}
export interface ConfigurationAnswer {
    lastAppliedVersion: number;
    /** Error message; empty if the configuration was applied. */
    err: string;
}

/** @param raw a flat list: name, value, name, value, … */
export const pairsOf = (raw: readonly string[]): HeaderList =>
    raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1]] as [string, string]] : []));

const encode = (text: string): string => Buffer.from(text, "latin1").toString("base64").replace(/=+$/, "");
const decode = (text: string): string => Buffer.from(text, "base64").toString("latin1");

/** Head of a caller's request: pseudo-headers of HTTP/2, and all other headers as sent. */
export interface RequestHead {
    method: string;
    path: string;
    /** The public hostname. */
    authority: string;
    headers: HeaderList;
}

/** Parses the head of a stream. */
export function requestHead(raw: readonly string[]): RequestHead {
    const pairs = pairsOf(raw);
    const [method, path, authority] = [":method", ":path", ":authority"].map(
        (name) => pairs.find(([key]) => key === name)?.[1] ?? "",
    );
    return { method, path, authority, headers: pairs.filter(([name]) => !name.startsWith(":")) };
}

export function serializeHeaders(headers: HeaderList): string {
    return headers.map(([name, value]) => `${encode(name)}:${encode(value)}`).join(";");
}

export function deserializeHeaders(text: string): HeaderList {
    const pairs = text.split(";").filter((pair) => pair !== "");
    return pairs.map((pair) => {
        const parts = pair.split(":");
        if (parts.length !== 2) throw new Error("Unable to deserialize headers");
        return [decode(parts[0]), decode(parts[1])];
    });
}
