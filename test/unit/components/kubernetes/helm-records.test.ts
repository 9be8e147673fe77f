// Proves which of Helm's records are meant. That Helm then installs over what a killed run left is proved on the engine.
import { strict as assert } from "node:assert";
import { recordSelector } from "../../../../components/kubernetes/helm-records";

describe("takeOverRelease", () => {
    it("means the records of one release, whatever state it is in, where the namespace is the stack's own", () =>
        assert.equal(recordSelector("team-a", "any"), "owner=helm,name=team-a"));

    it("means only an installation that never ended, where others may have installed the release", () =>
        assert.equal(recordSelector("rampart", "unfinished"), "owner=helm,name=rampart,status=pending-install"));
});
