// Proves that a recording says which parts of the sandbox were the real program.
import { strict as assert } from "node:assert";
import { reportParts } from "../../../sandbox/real/choice";
import { realIn } from "../../recorded/made";

describe("origin of a recorded preview", () => {
    it("names each real part with its version, and no emulator", () => {
        const parts = reportParts({ "cloudflare-provider": { version: "6.22.1", paths: {} } });
        assert.deepEqual(realIn(parts), { real: { "cloudflare-provider": "6.22.1" } });
    });

    it("names no parts where all were emulators", () => assert.deepEqual(realIn(reportParts({})), {}));
});
