/** Lists of headers like those of nginx: they keep the order and repetitions, and compare names case-insensitively. */

type HeaderPair = [name: string, value: string];

export class HeaderList {
    private pairs: HeaderPair[];

    constructor(pairs: Iterable<HeaderPair> = []) {
        this.pairs = [...pairs];
    }

    /** Creates the list from the flat list (name, value, name, value, …) of a Node.js message. */
    static fromRaw(raw: readonly string[]): HeaderList {
        const pairs: HeaderPair[] = [];
        for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i], raw[i + 1]]);
        return new HeaderList(pairs);
    }

    /** The first value, or undefined. */
    get(name: string): string | undefined {
        const wanted = name.toLowerCase();
        return this.pairs.find(([n]) => n.toLowerCase() === wanted)?.[1];
    }

    all(name: string): string[] {
        const wanted = name.toLowerCase();
        return this.pairs.filter(([n]) => n.toLowerCase() === wanted).map(([, v]) => v);
    }

    has(name: string): boolean {
        return this.get(name) !== undefined;
    }

    /** Replaces all headers of a name by one; undefined removes them. */
    set(name: string, value: string | undefined): void {
        const wanted = name.toLowerCase();
        const at = this.pairs.findIndex(([n]) => n.toLowerCase() === wanted);
        this.pairs = this.pairs.filter(([n], i) => n.toLowerCase() !== wanted || (i === at && value !== undefined));
        if (value === undefined) return;
        if (at < 0) this.pairs.push([name, value]);
        else this.pairs[at] = [this.pairs[at][0], value];
    }

    add(name: string, value: string): void {
        this.pairs.push([name, value]);
    }

    delete(name: string): void {
        this.set(name, undefined);
    }

    [Symbol.iterator](): Iterator<HeaderPair> {
        return this.pairs[Symbol.iterator]();
    }

    get size(): number {
        return this.pairs.length;
    }
}

/** The UTF-8 bytes of a configured text, as a string of one character per byte. */
export function bytes(text: string): string {
    return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}
