/** Makes timers a hundred times faster during the tests of the `describe` in which it is called. */
export function useFastTimers(): void {
    const { setTimeout } = global;
    before(() => (global.setTimeout = ((f: () => void, ms: number) => setTimeout(f, ms / 100)) as typeof setTimeout));
    after(() => (global.setTimeout = setTimeout));
}
