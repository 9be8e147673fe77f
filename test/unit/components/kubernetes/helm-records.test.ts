// Proves which of Helm's release records the program adopts. Engine tests prove that Helm then installs the release
// even if an earlier run was killed.
import { strict as assert } from "node:assert";
import { recordSelector } from "../../../../components/kubernetes/helm-records";

describe("takeOverRelease", () => {
    it("adopts the records of one release, in any state, if the namespace is the stack's own", () =>
        assert.equal(recordSelector("team-a", "any"), "owner=helm,name=team-a"));

    it("adopts only an installation that never ended, where others may have installed the release", () =>
        assert.equal(recordSelector("rampart", "unfinished"), "owner=helm,name=rampart,status=pending-install"));
});
