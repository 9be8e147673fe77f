/** Progress of a test run on the terminal: a line for each job that ends, and at the end failures, times and counts. */
import { sumOf, type Job, type Result } from "./side-by-side";

export interface Screen {
    write(text: string): void;
    /** Columns of the terminal, whose last line shows the running jobs. Unset: no terminal. */
    columns?: number;
}

const SLOWEST = 5;
const CLEAR_LINE = "\r\u001b[2K";

export class Progress {
    private readonly running = new Set<string>();
    private readonly width: number;
    private ended = 0;

    constructor(
        private readonly jobs: Job[],
        private readonly screen: Screen,
    ) {
        this.width = Math.max(...jobs.map(({ name }) => name.length));
    }

    started(job: Job): void {
        this.running.add(job.name);
        this.status();
    }

    finished({ job, passed, failed, seconds, log }: Result): void {
        this.running.delete(job.name);
        const all = String(this.jobs.length);
        const counts = [`${passed} passed`.padStart(11), failed > 0 ? `, ${failed} FAILED: see ${log}` : ""].join("");
        const at = `${String(++this.ended).padStart(all.length)}/${all}`;
        this.line(`${at}  ${job.name.padEnd(this.width)} ${time(seconds).padStart(11)} ${counts}`);
    }

    /** Prints the failures, the notes, the longest jobs and, as the last line, the counts. */
    end(results: Result[], notes: string[], seconds: number): void {
        if (this.screen.columns) this.screen.write(CLEAR_LINE);
        const bad = this.jobs.flatMap((job) => results.filter((result) => result.job === job && result.failed > 0));
        for (const { job, failures, log } of bad)
            this.screen.write(
                `\n${"=".repeat(20)} ${job.name} (everything it printed: ${log})\n${failures.trimEnd()}\n`,
            );
        for (const note of notes) this.screen.write(`\n${note}\n`);
        const slowest = [...results].sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
        const names = slowest.map((result) => `${result.job.name} ${time(result.seconds)}`);
        this.screen.write(`\ntotal ${time(seconds)}; slowest: ${names.join("; ") || "none"}\n`);
        const { passed, failed } = sumOf(results);
        this.screen.write(`${passed} passed, ${failed} failed\n`);
    }

    private line(text: string): void {
        this.screen.write(`${this.screen.columns ? CLEAR_LINE : ""}${text}\n`);
        this.status();
    }

    private status(): void {
        const { columns } = this.screen;
        if (!columns || this.running.size === 0) return;
        const text = `running: ${[...this.running].join("; ")}`;
        this.screen.write(`${CLEAR_LINE}${text.slice(0, columns - 1)}`);
    }
}

function time(seconds: number): string {
    const whole = Math.round(seconds);
    return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
