/** An error with nft's message, including file and line. */
export class NftError extends Error {}

interface Word {
    text: string;
    line: number;
}

/** End of a statement: a line end or a semicolon. */
export const END = ";";

/** Splits a rule file into words: names, numbers, quoted texts and punctuation. Comments are dropped. */
export function words(text: string): Word[] {
    const found: Word[] = [];
    for (const [i, line] of text.split("\n").entries()) {
        const parts = line
            .replace(/^((?:[^"#]|"[^"]*")*)#.*$/, "$1")
            .match(/"[^"]*"|==|[{}(),;&|=]|[^\s{}(),;&|="]+|"/g);
        for (const part of parts ?? []) found.push({ text: part, line: i + 1 });
        found.push({ text: END, line: i + 1 });
    }
    return found;
}

/** Reads words one after another. */
export class Reader {
    private at = 0;

    constructor(
        private readonly file: string,
        private readonly all: Word[],
    ) {}

    get next(): string | undefined {
        return this.all[this.at]?.text;
    }

    take(): string {
        const word = this.all[this.at++];
        if (word === undefined) throw this.wrong("syntax error, unexpected end of file");
        return word.text;
    }

    /** Reads the given words. @throws NftError that names the first word that differs */
    expect(...wanted: string[]): void {
        for (const text of wanted) {
            const got = this.take();
            if (got !== text) throw this.wrong(`syntax error, unexpected ${got}, expecting ${text}`);
        }
    }

    /** Reads the given words if all of them come next. @returns whether they did */
    has(...wanted: string[]): boolean {
        const there = wanted.every((text, i) => this.all[this.at + i]?.text === text);
        if (there) this.at += wanted.length;
        return there;
    }

    name(): string {
        const text = this.take();
        if (!/^[A-Za-z_][\w-]*$/.test(text)) throw this.wrong(`syntax error, unexpected ${text}, expecting a name`);
        return text;
    }

    /** Reads a list of the form `{ a, b }`. */
    list<T>(item: () => T): T[] {
        this.expect("{");
        const items: T[] = [];
        do {
            this.ends();
            items.push(item());
            this.ends();
        } while (this.has(","));
        this.expect("}");
        return items;
    }

    /** Skips empty statements. */
    ends(): void {
        while (this.has(END));
    }

    /** An error for syntax that this emulator does not support. The real nft may support it. */
    unknown(what: string): NftError {
        return this.wrong(`unsupported by the sandbox: ${what}`);
    }

    wrong(message: string): NftError {
        const line = this.all[Math.max(0, this.at - 1)]?.line ?? 1;
        return new NftError(`${this.file}:${line}: Error: ${message}`);
    }
}
