import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "../stack";

/** A request with this header gets its answer when the test releases it. */
export const HELD = { "x-held": "1" };

/** An origin that answers at once, or for requests with the header `x-held` when the test releases them. */
export class HeldOrigin {
    private readonly held: ServerResponse[] = [];
    private readonly server = createServer((request, answer) => {
        request.resume().once("end", () => ("x-held" in request.headers ? this.held.push(answer) : answer.end("{}")));
    });

    async listen(): Promise<void> {
        await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    }

    /** `host:port` */
    get address(): string {
        return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    async holds(count: number): Promise<void> {
        const said = () => `${count} requests at the origin (there are ${this.held.length})`;
        await eventually(said, async () => this.held.length === count || undefined);
    }

    letGo(): void {
        for (const answer of this.held.splice(0)) answer.end("{}");
    }

    async close(): Promise<void> {
        await new Promise<void>((resolve) => {
            this.server.close(() => resolve());
            this.server.closeAllConnections();
        });
    }
}
