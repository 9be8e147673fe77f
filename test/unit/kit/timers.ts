/** Makes timers a hundred times faster. Call it in a `describe`: it applies to the tests there. */
export function useFastTimers(): void {
    const { setTimeout } = global;
    before(() => (global.setTimeout = ((f: () => void, ms: number) => setTimeout(f, ms / 100)) as typeof setTimeout));
    after(() => (global.setTimeout = setTimeout));
}
