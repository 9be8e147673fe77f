import { createServer } from "node:http";
import { isDeepStrictEqual } from "node:util";

/** An Alpa that answers one prompt on demand, and others at once. */
export interface SlowAlpa {
    address: string;
    /** Slow answers under way. */
    underWay(): number;
    /** Gives all answers that are waited for. */
    release(): void;
    close(): Promise<void>;
}

/** A completion that a {@link SlowAlpa} takes its time for. */
export const SLOW_COMPLETION = JSON.stringify({ model: "default", prompt: "slow", max_tokens: 1024 });

export async function startSlowAlpa(): Promise<SlowAlpa> {
    const waiting = new Set<() => void>();
    const server = createServer((asked, answer) => {
        let body = "";
        const end = () => answer.setHeader("Content-Type", "application/json").end('{"choices":[]}');
        asked.on("data", (text) => (body += text));
        asked.on("end", () => {
            // APISIX encodes a body again after it has validated it, with the fields in any order.
            const slow = asked.method === "POST" && isDeepStrictEqual(JSON.parse(body), JSON.parse(SLOW_COMPLETION));
            if (!slow) return end();
            waiting.add(end);
            answer.on("close", () => waiting.delete(end));
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        address: `127.0.0.1:${(server.address() as { port: number }).port}`,
        underWay: () => waiting.size,
        release: () => waiting.forEach((end) => end()),
        close: () => {
            const closed = new Promise<void>((resolve) => server.close(() => resolve()));
            server.closeAllConnections();
            return closed;
        },
    };
}
