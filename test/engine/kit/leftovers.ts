/** Ends what a test has started and not ended because it failed: else the process of the tests would never end. */
const running = new Set<() => void>();

afterEach(() => {
    for (const end of running) end();
    running.clear();
});

/** Ends this after the test that runs, whatever becomes of it. Ending twice must do no harm. */
export function endAfterTest(end: () => void): void {
    running.add(end);
}
