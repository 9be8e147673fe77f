/** Progress while a step runs: one line that is updated, or without a terminal a new line from time to time. */
import type { Context } from "../context";
import { duration } from "./clock";
import type { View } from "./runner/interfaces";
import { descriptionOf } from "./descriptions";
import { nameOf } from "./phases";

/** Time between two lines without a terminal, in seconds. */
const LINE_SECONDS = 30;

/**
 * @param now in milliseconds
 * @param last last line of Pulumi's output
 */
export function renderProgress(view: View, now: number, last: string): string {
    const { step, began, expectedSeconds, latestEnd, downSince } = view;
    const parts = [`${nameOf(step)}: ${duration((now - began) / 1000)} of about ${duration(expectedSeconds)}`];
    if (downSince !== undefined) parts.push(`callers have got 503 for ${duration((now - downSince) / 1000)}`);
    if (latestEnd !== undefined)
        parts.push(
            now < latestEnd
                ? `rolls back by itself if not done in ${duration((latestEnd - now) / 1000)}`
                : "rolling back",
        );
    parts.push(`waits until ${descriptionOf(step).waitsFor}`);
    return `${parts.join("; ")}${last === "" ? "" : ` | ${last}`}`;
}

/** Draws the progress until it is stopped. */
export class ProgressDisplay {
    private view: View | undefined;
    private timer: NodeJS.Timeout | undefined;
    private last = "";
    private lines: string[] = [];

    constructor(private readonly context: Pick<Context, "note" | "terminal">) {}

    show(view: View | undefined): void {
        const { terminal } = this.context;
        clearInterval(this.timer);
        terminal?.("\r\x1b[K");
        this.view = view;
        if (view === undefined) return;
        [this.last, this.lines] = ["", []];
        this.context.note(`\n${nameOf(view.step)}: ${descriptionOf(view.step).does}.`);
        if (terminal === undefined) this.context.note(`  ${this.text()}`);
        this.timer = setInterval(() => this.draw(), terminal === undefined ? LINE_SECONDS * 1000 : 1000);
        this.draw();
    }

    /** Processes a line of Pulumi's output. */
    line(line: string): void {
        // eslint-disable-next-line no-control-regex -- colours
        const plain = line.replace(/\x1b\[[0-9;]*m/g, "").trim();
        if (plain === "") return;
        this.last = plain;
        this.lines.push(line);
        if (this.context.terminal === undefined) this.context.note(`  ${line}`);
        else this.draw();
    }

    /** Prints Pulumi's output after a failure, if the terminal did not show it. */
    failed(): void {
        if (this.context.terminal === undefined) return;
        this.context.terminal("\r\x1b[K");
        this.lines.slice(-40).forEach((line) => this.context.note(`  ${line}`));
    }

    private draw(): void {
        const { terminal, note } = this.context;
        if (this.view === undefined) return;
        if (terminal !== undefined) terminal(`\r\x1b[K${this.text().slice(0, (process.stderr.columns ?? 80) - 1)}`);
        else if (Date.now() - this.view.began >= 1000) note(`  ${this.text()}`);
    }

    private text(): string {
        return renderProgress(this.view!, Date.now(), this.context.terminal === undefined ? "" : this.last);
    }
}
