import { createServer } from "node:http";
import { isDeepStrictEqual } from "node:util";

/** A fake Alpa. The test releases its answers to SLOW_COMPLETION. It answers every other completion at once. */
export interface SlowAlpa {
    address: string;
    /** Number of slow answers that are not released yet. */
    underWay(): number;
    /** Number of requests for slow answers so far. */
    asked(): number;
    /** Sends all slow answers. */
    release(): void;
    close(): Promise<void>;
}

/** The completion to which a {@link SlowAlpa} answers slowly. */
export const SLOW_COMPLETION = JSON.stringify({ model: "default", prompt: "slow", max_tokens: 1024 });

export async function startSlowAlpa(): Promise<SlowAlpa> {
    const waiting = new Set<() => void>();
    let count = 0;
    const server = createServer((asked, answer) => {
        let body = "";
        const end = () => answer.setHeader("Content-Type", "application/json").end('{"choices":[]}');
        asked.on("data", (text) => (body += text));
        asked.on("end", () => {
            // APISIX encodes a body again after validation, with the fields in any order.
            const slow = asked.method === "POST" && isDeepStrictEqual(JSON.parse(body), JSON.parse(SLOW_COMPLETION));
            if (!slow) return end();
            count++;
            waiting.add(end);
            answer.on("close", () => waiting.delete(end));
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        address: `127.0.0.1:${(server.address() as { port: number }).port}`,
        underWay: () => waiting.size,
        asked: () => count,
        release: () => waiting.forEach((end) => end()),
        close: () => {
            const closed = new Promise<void>((resolve) => server.close(() => resolve()));
            server.closeAllConnections();
            return closed;
        },
    };
}
