/** An API server that lists and watches the given objects, and accepts statuses. */
import { KubeConfig } from "@kubernetes/client-node";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KINDS, type Kind, type Resource } from "../../ingress-controller/kinds";

export class FakeApi {
    /** Objects by kind and key. */
    private readonly objects = new Map<string, Resource>();
    private readonly watches: { kind: Kind; answer: ServerResponse }[] = [];
    private version = 1;
    private readonly server = createServer(async (request, answer) => {
        const { pathname, searchParams } = new URL(request.url as string, "http://api");
        if (request.method === "PUT") {
            let text = "";
            for await (const part of request) text += String(part);
            const { metadata, status } = JSON.parse(text) as Resource;
            const kind = kindOf(pathname.split("/").find((part) => plurals.has(part)) as string);
            const held = this.objects.get(keyOf(kind, metadata));
            if (held) held.status = status;
            return answer.end("{}");
        }
        const kind = kindOf(pathname.slice(pathname.lastIndexOf("/") + 1));
        if (searchParams.has("watch")) {
            answer.flushHeaders();
            return void this.watches.push({ kind, answer });
        }
        const items = [...this.objects].filter(([key]) => key.startsWith(`${kind} `)).map(([, object]) => object);
        answer.end(JSON.stringify({ items, metadata: { resourceVersion: String(this.version) } }));
    });

    async start(...objects: [Kind, Resource][]): Promise<this> {
        for (const [kind, object] of objects) this.objects.set(keyOf(kind, object.metadata), object);
        this.server.listen(0, "127.0.0.1");
        await once(this.server, "listening");
        return this;
    }

    kubeConfig(): KubeConfig {
        const config = new KubeConfig();
        const server = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
        config.loadFromClusterAndUser({ name: "c", server, skipTLSVerify: true }, { name: "u" });
        return config;
    }

    /** Creates or replaces an object. */
    put(kind: Kind, object: Resource): void {
        const key = keyOf(kind, object.metadata);
        const before = this.objects.get(key);
        const metadata = { ...object.metadata, generation: (before?.metadata.generation ?? 0) + 1 };
        this.objects.set(key, { ...object, metadata, status: before?.status });
        this.tell(before ? "MODIFIED" : "ADDED", kind, { ...object, metadata });
    }

    delete(kind: Kind, object: Resource): void {
        this.objects.delete(keyOf(kind, object.metadata));
        this.tell("DELETED", kind, object);
    }

    condition(kind: Kind, name: string, namespace = "llm"): { status: string; reason: string; message: string } {
        return this.objects.get(keyOf(kind, { name, namespace }))?.status?.conditions?.[0];
    }

    async close(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }

    private tell(type: string, kind: Kind, object: Resource): void {
        const metadata = { ...object.metadata, resourceVersion: String(++this.version) };
        for (const watch of this.watches)
            if (watch.kind === kind)
                watch.answer.write(`${JSON.stringify({ type, object: { ...object, metadata } })}\n`);
    }
}

const plurals = new Map(Object.entries(KINDS).map(([kind, [group, , plural]]) => [plural as string, { kind, group }]));

function kindOf(plural: string): Kind {
    return plurals.get(plural)!.kind as Kind;
}

function keyOf(kind: Kind, { namespace, name }: { namespace?: string; name: string }): string {
    return `${kind} ${namespace ?? ""}/${name}`;
}
