/** The objects of an Admin API, as etcd stores them: all gateways of one APISIX cluster read the same objects. */
import type { Conf } from "../request/types";

export interface Stored {
    value: Conf;
    createdIndex: number;
    modifiedIndex: number;
}

export class Configuration {
    readonly objects = new Map<string, Stored>();
    /**
     * Revision, which grows with each change. It does not start at 0, because etcd already has writes before the first object.
     */
    revision = 20;
    /** Whether a majority of etcd members runs. Without a majority, a gateway has only the objects in its memory. */
    hasQuorum = true;
    /**
     * Whether etcd has the folder keys, one for each kind of object, which APISIX writes when it starts. Without them, lists
     * fail.
     */
    hasFolders = false;
    /** Password of etcd's user root, if etcd authenticates. */
    password: string | undefined;
    /**
     * The user root of etcd. It can exist while authentication is still off. Undefined before the user is created.
     * `granted`: whether the user has the role root.
     */
    root: { password: string; granted: boolean } | undefined;
    /** The token of the user root for requests to etcd. */
    token: string | undefined;
    private next: Configuration | undefined;

    /**
     * The configuration that etcd has now. After a loss of etcd's data, this is a newer object, which was empty at first.
     */
    current(): Configuration {
        return this.next?.current() ?? this;
    }

    /**
     * Simulates a restart of etcd without its data. The revision starts again. Running gateways wait for events after the old
     * revision, so they get none and keep their objects.
     *
     * Unsupported: the events that real gateways get once new writes have reached the old revision.
     */
    lose(): Configuration {
        if (this.next) return this.next.lose();
        this.next = new Configuration();
        this.next.hasQuorum = this.hasQuorum;
        return this.next;
    }

    set(key: string, value: Conf): void {
        const index = ++this.revision;
        const { createdIndex = index } = this.objects.get(key) ?? {};
        this.objects.set(key, { value, createdIndex, modifiedIndex: index });
    }

    delete(key: string): boolean {
        const there = this.objects.delete(key);
        if (there) this.revision++;
        return there;
    }

    /** Keys and objects directly below a prefix, for example "/routes/". */
    list(prefix: string): [key: string, stored: Stored][] {
        return [...this.objects].filter(([key]) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/"));
    }
}
