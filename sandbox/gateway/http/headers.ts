/** Lists of headers like those of nginx: they keep the order and repetitions, and compare names case-insensitively. */

type HeaderPair = [name: string, value: string];

export class HeaderList {
    constructor(private pairs: HeaderPair[] = []) {}

    /** Creates the list from the flat list (name, value, name, value, …) of a Node.js message. */
    static fromRaw(raw: readonly string[]): HeaderList {
        return new HeaderList(raw.flatMap((name, i): HeaderPair[] => (i % 2 === 0 ? [[name, raw[i + 1]]] : [])));
    }

    /** The first value, or undefined. */
    get(name: string): string | undefined {
        return this.all(name).at(0);
    }

    all(name: string): string[] {
        return this.pairs.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    }

    /** All values of a header whose name is written as in nginx's variables, with underscores; undefined if there is none. */
    joined(variable: string): string | undefined {
        const found = this.pairs.filter(([name]) => name.toLowerCase().replaceAll("-", "_") === variable);
        return found.length > 0 ? found.map(([, value]) => value).join(", ") : undefined;
    }

    has(name: string): boolean {
        return this.all(name).length > 0;
    }

    /** Replaces all headers of a name by one; undefined removes them. */
    set(name: string, value: string | undefined): void {
        const isOther = ([n]: HeaderPair) => n.toLowerCase() !== name.toLowerCase();
        const at = this.pairs.findIndex((pair) => !isOther(pair));
        const others = this.pairs.filter(isOther);
        if (value !== undefined) others.splice(at < 0 ? others.length : at, 0, [this.pairs[at]?.[0] ?? name, value]);
        this.pairs = others;
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
}

/** The UTF-8 bytes of a configured text, as a string of one character per byte. */
export function bytes(text: string): string {
    return Buffer.from(text, "utf8").toString("latin1");
}
