/**
 * The file of join tokens. A line `token` is valid for one join. A line `token|expiry` is valid until `expiry` (Unix
 * seconds).
 */
import { CLUSTER_TOKENS, type Files } from "./files";

export function addToken(files: Files, token: string, ttlSeconds: number): void {
    const line = ttlSeconds === -1 ? token : `${token}|${Math.round(Date.now() / 1000) + ttlSeconds}`;
    files.write(CLUSTER_TOKENS, `${files.read(CLUSTER_TOKENS)}${line}\n`);
}

/** Whether a token is valid. A token without an expiry is deleted by its use. */
export function useToken(files: Files, token: string): boolean {
    const lines = files.read(CLUSTER_TOKENS).split("\n").filter(Boolean);
    const now = Date.now() / 1000;
    const at = lines.findIndex((line) => {
        const [known, expiry] = line.split("|");
        return known === token && (expiry === undefined || Number(expiry) > now);
    });
    if (at < 0) return false;
    if (!lines[at].includes("|")) lines.splice(at, 1);
    files.write(CLUSTER_TOKENS, lines.map((line) => `${line}\n`).join(""));
    return true;
}
