/** Writes progress. Each call is one line, without a line break. */
export type Log = (line: string) => void;

/** Writes progress to stderr, so that the stdout of `sandbox env` and `status --json` contains only results. */
export const stderrLog: Log = (line) => {
    process.stderr.write(`${line}\n`);
};

/** Formats seconds as text, for example `42s` or `3m15s`. */
export function duration(seconds: number): string {
    const whole = Math.round(seconds);
    return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}

/** Returns what a long step is doing at the moment; undefined if it is unknown. */
export type Detail = () => string | undefined;

/** Interval of output for a running step, if the output is not a terminal. In milliseconds. */
const REPEAT_MS = 15_000;

/** Interval of output on a terminal, in milliseconds. */
const REDRAW_MS = 500;

/** The part of a terminal that progress needs. */
export interface Terminal {
    write(text: string): void;
    columns?: number;
}

/**
 * Shows running steps. On a terminal, each step has a line at the bottom, which is redrawn twice a second. Otherwise each step
 * writes a new line every 15 s.
 */
export class RunningSteps {
    private readonly steps = new Set<() => string>();
    private timer: NodeJS.Timeout | undefined;
    /** Number of lines on the terminal that the next drawing replaces. */
    private drawn = 0;

    constructor(
        private readonly write: Log,
        private readonly terminal?: Terminal,
    ) {}

    /** Writes a permanent line. */
    readonly log: Log = (line) => {
        this.erase();
        this.write(line);
        this.draw();
    };

    /** Runs `step`, and shows `label … elapsed, detail()` while it runs. */
    async show<T>(label: string, detail: Detail, step: () => Promise<T>): Promise<T> {
        const started = Date.now();
        const text = () => {
            const extra = detail();
            return `${label} … ${duration((Date.now() - started) / 1000)}${extra ? `, ${extra}` : ""}`;
        };
        const repeat = this.terminal ? undefined : setInterval(() => this.write(text()), REPEAT_MS);
        this.steps.add(text);
        this.timer ??= this.terminal && setInterval(() => (this.erase(), this.draw()), REDRAW_MS);
        try {
            return await step();
        } finally {
            clearInterval(repeat);
            this.steps.delete(text);
            this.erase();
            this.draw();
            if (this.steps.size === 0) {
                clearInterval(this.timer);
                this.timer = undefined;
            }
        }
    }

    private erase(): void {
        // The escape sequence moves the cursor to the first drawn line, and clears the terminal from there.
        if (this.drawn > 0) this.terminal!.write(`\x1b[${this.drawn}A\x1b[J`);
        this.drawn = 0;
    }

    private draw(): void {
        if (!this.terminal) return;
        // Lines are cut at the width of the terminal, because a wrapped line would need two. Some terminals report 0 columns.
        const width = (this.terminal.columns || 80) - 1;
        for (const text of this.steps) this.terminal.write(`${[...text()].slice(0, width).join("")}\n`);
        this.drawn = this.steps.size;
    }
}
