/** What the stand-ins said last: shown below a test that failed, since they see what the engine does not. */
const LINES = 60;
const said: string[] = [];

afterEach(function () {
    if (this.currentTest?.state !== "failed") return;
    console.log(`      the world's last ${said.length} lines, UTC:`);
    for (const line of said) console.log(`        ${line}`);
});

/** Takes a line for the case that a test fails. */
export function worldLog(line: string): void {
    said.push(`${new Date().toISOString().slice(11, 23)} ${line.split("\n").slice(0, 3).join(" ").slice(0, 400)}`);
    if (said.length > LINES) said.shift();
}
