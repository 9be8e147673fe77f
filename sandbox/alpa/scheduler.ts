// The order of the worker's queue (alpa-projects/alpa @ b8078a9, examples/llm_serving/service/scheduler.py): groups of callers
// are served in turn by weight, and inside the group `key` the keys are served in turn. Items in `front` are served before all
// groups.
// Unsupported: `api_key_weights` of the keys file. All keys have the default weight.

/** Weight of each group of callers. A group contains all callers that were authenticated in the same way. */
const GROUP_WEIGHTS = { recaptcha: 300, key: 10, none: 1 } as const;
type Group = keyof typeof GROUP_WEIGHTS;

const GROUP_SCALE = 300;
const KEY_WEIGHT = 10;
const KEY_SCALE = 100;
// Largest number of empty queues whose credit is kept. If more queues are empty, the one that has been empty longest
// loses its credit.
const REMEMBERED = 100;

interface Queue<T> {
    /** Waiting items. `number` is the position of an item in the order of arrival, over all queues. */
    items: [number: number, item: T][];
    credit: number;
    /** Time up to which the queue's credit has been calculated. */
    counted: number;
    /** Time at which the first item of the queue is due. */
    due: number;
}

/**
 * Serves queues in turn by weight. Each queue earns credit in proportion to its weight, and each served item costs `scale`.
 * This class has its own clock instead of real time: the clock advances to the time at which the next item is due.
 */
class WeightedRound<T> {
    private readonly waiting = new Map<string, Queue<T>>();
    private readonly idle = new Map<string, Queue<T>>();
    private now = 0;
    private count = 0;

    constructor(
        private readonly scale: number,
        private readonly weightOf: (name: string) => number,
    ) {}

    push(name: string, item: T): void {
        const known = this.waiting.get(name);
        const queue = known ?? this.idle.get(name) ?? { items: [], credit: 0, counted: 0, due: 0 };
        queue.items.push([this.count++, item]);
        if (known) return;
        this.idle.delete(name);
        this.waiting.set(name, queue);
        queue.counted = this.now;
        this.plan(name, queue);
    }

    shift(): [name: string, item: T] | undefined {
        const [first] = [...this.waiting].sort(([, a], [, b]) => a.due - b.due || a.items[0][0] - b.items[0][0]);
        if (first === undefined) return undefined;
        const [name, queue] = first;
        if (queue.credit < this.scale) {
            this.now = queue.due;
            queue.credit += (this.now - queue.counted) * this.weightOf(name);
        }
        queue.credit -= this.scale;
        queue.counted = this.now;
        const [, item] = queue.items.shift() as [number, T];
        if (queue.items.length > 0) this.plan(name, queue);
        else this.rest(name, queue);
        return [name, item];
    }

    private plan(name: string, queue: Queue<T>): void {
        const missing = Math.max(0, this.scale - queue.credit);
        queue.due = this.now + Math.ceil(missing / this.weightOf(name));
    }

    private rest(name: string, queue: Queue<T>): void {
        this.waiting.delete(name);
        this.idle.set(name, queue);
        const [oldest] = this.idle.keys();
        if (this.idle.size > REMEMBERED) this.idle.delete(oldest);
    }
}

export interface Caller {
    group: Group;
    /** API key of the caller. Set only for group `key`. */
    key?: string;
}

/** The items that wait for the batch loop. */
export class Waiting<T> {
    private readonly front: T[] = [];
    private readonly groups = new WeightedRound<undefined>(GROUP_SCALE, (name) => GROUP_WEIGHTS[name as Group]);
    private readonly keys = new WeightedRound<T>(KEY_SCALE, () => KEY_WEIGHT);
    private readonly others: Record<Exclude<Group, "key">, T[]> = { recaptcha: [], none: [] };
    size = 0;

    push(item: T, { group, key = "" }: Caller): void {
        this.size += 1;
        this.groups.push(group, undefined);
        if (group === "key") this.keys.push(key, item);
        else this.others[group].push(item);
    }

    /** Puts an item before all others. */
    unshift(item: T): void {
        this.size += 1;
        this.front.unshift(item);
    }

    shift(): T | undefined {
        if (this.size === 0) return undefined;
        this.size -= 1;
        if (this.front.length > 0) return this.front.shift();
        const [group] = this.groups.shift() as [Group, undefined];
        return group === "key" ? this.keys.shift()?.[1] : this.others[group].shift();
    }
}
