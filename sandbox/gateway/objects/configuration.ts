/** The objects written through an Admin API, as etcd keeps them: all gateways of one cluster of APISIX read the same. */
import type { Conf } from "../request/types";

export interface Stored {
    value: Conf;
    createdIndex: number;
    modifiedIndex: number;
}

export class Configuration {
    readonly objects = new Map<string, Stored>();
    /** Grows with each change. etcd has seen a few writes before the first object. */
    revision = 20;
    /** A majority of etcd's members is there. Without it only what is in a gateway's memory counts. */
    hasQuorum = true;
    /** Each kind of object has a key of its own, which APISIX writes when it starts; without it nothing is listed. */
    hasFolders = false;
    /** Of etcd's user root, once etcd authenticates. */
    password: string | undefined;
    /** The user as it was made, whether or not etcd authenticates. */
    root: { password: string; granted: boolean } | undefined;
    /** Of the user, for requests to etcd. */
    token: string | undefined;
    private next: Configuration | undefined;

    /** What etcd holds now: this, until it lost all. */
    current(): Configuration {
        return this.next?.current() ?? this;
    }

    /**
     * etcd starts again without its data, its revisions from the beginning. Gateways that run have got what they know
     * with later ones, so they hear of nothing new and go on with it.
     * Unsupported: that they do hear of it once as much was written again.
     */
    lose(): Configuration {
        const { next } = this;
        if (next) return next.lose();
        this.next = new Configuration();
        this.next.hasQuorum = this.hasQuorum;
        return this.next;
    }

    /** Deletes every key while etcd runs; all gateways see the deletions. */
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

    /** Puts an object as another etcd had it. */
    keep(key: string, stored: Stored): void {
        this.objects.set(key, stored);
        this.revision = Math.max(this.revision, stored.modifiedIndex) + 1;
    }

    delete(key: string): boolean {
        const there = this.objects.delete(key);
        if (there) this.revision++;
        return there;
    }

    /** Keys under a prefix ("/routes/"), without deeper levels. */
    list(prefix: string): [key: string, stored: Stored][] {
        return [...this.objects].filter(([key]) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/"));
    }

    /** Number for the id of the next object made by POST. */
    nextId(): string {
        return String(this.revision + 1).padStart(20, "0");
    }
}
