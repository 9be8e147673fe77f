import { strict as assert } from "node:assert";
import { metadata, OWNER_ANNOTATION, owner } from "../../../../components/kubernetes/ownership";
import { record } from "../../../kit";

describe("metadata", () => {
    before(() => record(() => undefined)); // metadata() needs the name of a stack, which is alpa-auth/test.

    it("names the stack that created an object", () => {
        assert.equal(owner(), "alpa-auth/test");
        assert.equal(metadata("a").annotations[OWNER_ANNOTATION], "alpa-auth/test");
    });
    it("has the same field manager in every run", () =>
        assert.equal(metadata("a").annotations["pulumi.com/patchFieldManager"], "alpa-auth"));
});
