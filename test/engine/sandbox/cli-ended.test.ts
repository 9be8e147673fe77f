// Proves that no process is left however the sandbox command ends.
import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { running } from "../../../sandbox/processes";
import { eachItsOwn } from "../kit/cli";
import { eventually } from "../kit";

describe("npm run sandbox, when it ends,", () => {
    const sandbox = eachItsOwn();

    it("leaves no process, neither when a second up replaces it nor after Ctrl-C", async () => {
        await sandbox().call("up", "--detach");
        const first = running(sandbox().dir).map((p) => p.pid);
        const { cli, ended } = await sandbox().foreground();
        for (const pid of first)
            assert.ok(!existsSync(`/proc/${pid}`), `process ${pid} of the first run is still there`);
        cli.kill("SIGINT");
        assert.equal(await ended, 0);
        assert.deepEqual(sandbox().alive(), []);
    });

    it("leaves no process when it is killed", async () => {
        const { cli } = await sandbox().foreground();
        assert.ok(sandbox().alive().length > 5);
        cli.kill("SIGKILL");
        await eventually("the guard to have ended everything", async () => sandbox().alive().length === 0 || undefined);
    });

    it("says so when no sandbox runs", async () => {
        assert.match(await sandbox().call("down"), /no sandbox was running/);
    });
});
