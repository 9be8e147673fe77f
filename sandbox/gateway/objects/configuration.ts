/** The objects of an Admin API, as etcd stores them: all gateways of one APISIX cluster read the same objects. */
import type { Conf } from "../request/types";

export interface Stored {
    value: Conf;
    createdIndex: number;
    modifiedIndex: number;
}

export class Configuration {
    readonly objects = new Map<string, Stored>();
    /** Revision, which grows with each change. etcd has a few writes before the first object. */
    revision = 20;
    /** Whether a majority of etcd members runs. Without it, a gateway has only the objects in its memory. */
    hasQuorum = true;
    /** Whether each kind of object has its key, which APISIX writes at its start. Without these, lists fail. */
    hasFolders = false;
    /** Password of etcd's user root, if etcd authenticates. */
    password: string | undefined;
    /** The user as it was created, whether or not etcd authenticates. */
    root: { password: string; granted: boolean } | undefined;
    /** The user's token for requests to etcd. */
    token: string | undefined;
    private next: Configuration | undefined;

    /** The objects in etcd. They are these, until etcd loses its data. */
    current(): Configuration {
        return this.next?.current() ?? this;
    }

    /**
     * Restarts etcd without its data, with its revision at the start. Running gateways have watched later revisions, so they
     * get no events and keep their objects.
     *
     * Unsupported: events after enough new writes.
     */
    lose(): Configuration {
        const { next } = this;
        if (next) return next.lose();
        this.next = new Configuration();
        this.next.hasQuorum = this.hasQuorum;
        return this.next;
    }

    /** Deletes every key of the running etcd. All gateways see the deletions. */
    clear(): void {
        this.objects.clear();
        this.hasFolders = false;
        this.revision++;
    }

    set(key: string, value: Conf): Stored {
        const old = this.objects.get(key);
        const index = ++this.revision;
        const stored = { value, createdIndex: old?.createdIndex ?? index, modifiedIndex: index };
        this.objects.set(key, stored);
        return stored;
    }

    /** Adds an object of another etcd unchanged. */
    keep(key: string, stored: Stored): void {
        this.objects.set(key, stored);
        this.revision = Math.max(this.revision, stored.modifiedIndex) + 1;
    }

    delete(key: string): boolean {
        const there = this.objects.delete(key);
        if (there) this.revision++;
        return there;
    }

    /** Keys directly below a prefix ("/routes/"). */
    list(prefix: string): [key: string, stored: Stored][] {
        return [...this.objects].filter(([key]) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/"));
    }

    /** Number for the id of the next object created by POST. */
    nextId(): string {
        return String(this.revision + 1).padStart(20, "0");
    }
}
