/** Ends what a failed test has left running. Otherwise the test process would never end. */
const running = new Set<() => void>();

afterEach(() => {
    for (const end of running) end();
    running.clear();
});

/** Calls `end` after the running test, whether it passes or fails. A second call of `end` must do no harm. */
export function endAfterTest(end: () => void): void {
    running.add(end);
}
