// Proves that a controller that exits is restarted, after a longer pause each time, and that it is not restarted after `close`.
import assert from "node:assert/strict";
import { supervise } from "../../rampart/main.js";
import { VirtualClock } from "./kit/virtual-clock.js";

describe("Rampart's controller pod", () => {
    it("restarts 10, 20, 40 … at most 300 s after each crash", async () => {
        const clock = new VirtualClock();
        const starts: number[] = [];
        const start = () => {
            starts.push(clock.now());
            return { exited: Promise.resolve(new Error("crash")), close: async () => {} };
        };
        const pod = supervise(start, () => {}, clock);
        await clock.run(1300);
        await pod.close();
        assert.deepEqual(starts, [0, 10, 30, 70, 150, 310, 610, 910, 1210]);
    });

    it("restarts after 10 s when the run before the crash lasted ten minutes", async () => {
        const clock = new VirtualClock();
        const starts: number[] = [];
        const lasts = [0, 0, 600, 0];
        const start = () => {
            const ended = clock.sleep(lasts[starts.push(clock.now()) - 1]);
            return { exited: ended.then(() => new Error("crash")), close: async () => {} };
        };
        const pod = supervise(start, () => {}, clock);
        await clock.run(645);
        await pod.close();
        assert.deepEqual(starts, [0, 10, 30, 640]);
    });

    it("does not restart after it was closed, and closes at once while it waits", async () => {
        const clock = new VirtualClock();
        let starts = 0;
        const start = () => {
            starts++;
            return { exited: Promise.resolve(new Error("crash")), close: async () => {} };
        };
        const pod = supervise(start, () => {}, clock);
        await clock.run(5);
        await pod.close();
        await clock.run(600);
        assert.equal(starts, 1);
    });
});
