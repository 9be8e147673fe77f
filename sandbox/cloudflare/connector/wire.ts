/**
 * What edge and connector say to each other: our own protocol, shaped like the one of cloudflared 2026.8.2 with
 * `--protocol http2` (connection/http2.go, header.go, control.go).
 *
 * As there: the connector dials the edge, then the roles turn round: on that connection it is the HTTP/2 server, and each
 * request of a caller is a stream that the edge opens. Headers of caller and origin travel in one header, each name and
 * value in base64, so that HTTP/2 does not judge them. A stream with `cf-cloudflared-proxy-connection-upgrade` is
 * `control-stream` (registration, lasts as long as the connection) or `update-configuration`.
 * Not as there: no TLS, no QUIC, and lines of JSON on the control stream instead of Cap'n Proto.
 */
import type { Readable } from "node:stream";
import { createInterface } from "node:readline";

export const UPGRADE = "cf-cloudflared-proxy-connection-upgrade";
export const CONTROL_STREAM = "control-stream";
export const UPDATE_CONFIGURATION = "update-configuration";
export const REQUEST_HEADERS = "cf-cloudflared-request-headers";
export const RESPONSE_HEADERS = "cf-cloudflared-response-headers";
export const RESPONSE_META = "cf-cloudflared-response-meta";
export const FROM_ORIGIN = '{"src":"origin"}';
export const FROM_CONNECTOR = '{"src":"cloudflared"}';

/** Connections of one connector (`--ha-connections`, hidden; reference cloudflare-access-runtime §4). */
export const CONNECTIONS = 4;

export type HeaderList = [name: string, value: string][];

/** Sent by the connector on the control stream. */
export type Call =
    | {
          call: "register";
          accountTag: string;
          tunnelId: string;
          secret: string;
          connIndex: number;
          connectorId: string;
          version: string;
          arch: string;
      }
    | { call: "unregister" };

/** The edge's answers, one for each call. */
export type CallAnswer =
    | {
          registered: {
              connectionId: string;
              location: string;
          };
      }
    | { refused: string }
    | { unregistered: true };

/** Body of an `update-configuration` stream, and its answer. */
export interface ConfigurationUpdate {
    version: number;
    config: unknown;
    /** Where Access shows its keys. The real connector makes it out of the team's name. */
    certsUrl: string;
}
export interface ConfigurationAnswer {
    lastAppliedVersion: number;
    /** Empty when applied. */
    err: string;
}

const encode = (text: string): string => Buffer.from(text, "latin1").toString("base64").replace(/=+$/, "");
const decode = (text: string): string => Buffer.from(text, "base64").toString("latin1");

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

/** Calls `take` with each line of JSON. */
export function onLines<T>(stream: Readable, take: (message: T) => void): void {
    const lines = createInterface({ input: stream, crlfDelay: Infinity });
    lines.on("line", (line) => take(JSON.parse(line) as T));
    lines.on("error", () => undefined); // the stream's own error is looked at elsewhere
}

export const line = (message: Call | CallAnswer): string => `${JSON.stringify(message)}\n`;

/** Whole body of a stream, as text. */
export async function readText(stream: Readable): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString("utf8");
}
