// Proves what the optional rule of digests rejects, and that it is on only where policy/optional.yaml names it.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { resourceOf } from "../../../policy/resources/resource";
import { violationsOf } from "../../../policy/rules";
import { imagesByDigest, optionalRules } from "../../../policy/rules/kubernetes/digests";
import { interSettings, interValues, parseInter, recordInter } from "../kit/inter";
import { givenOf } from "./stacks";

const digest = `sha256:${"0a".repeat(32)}`;
const counters = (image: object) => ({ whenDown: "refuse", image });

describe("images by digest", () => {
    const found = async (gateway: object) => {
        const values = interValues({}, { installer: "helm", crds: ["crds.yaml"], ...gateway });
        const resources = givenOf(await recordInter(parseInter(values)));
        return violationsOf(resources.map(resourceOf), [imagesByDigest]).map(({ message }) => message);
    };

    it("are required for pods, and for the image of the chart", async () => {
        const messages = await found({ sharedCounters: counters({}) });
        assert.deepEqual(messages.map((message) => message.split(":")[0]).sort(), [
            "spec.template.spec.containers[0].image",
            "spec.template.spec.containers[0].image",
            "values.image.tag",
        ]);
    });

    it("are found where a stack config names them", async () => {
        const gateway = { image: { digest }, etcdImage: { digest }, sharedCounters: counters({ digest }) };
        assert.deepEqual(await found(gateway), []);
    });

    it("are required only where policy/optional.yaml says so", () => {
        assert.deepEqual(optionalRules(readFileSync(join(__dirname, "../../../policy/optional.yaml"), "utf8")), []);
        assert.deepEqual(optionalRules("rules: [images-by-digest]"), [imagesByDigest]);
        assert.throws(
            () => optionalRules("rules: [images]"),
            /^Error: policy\/optional\.yaml: rules: must be among images-by-digest \(got "images"\)/,
        );
    });

    it("break no other rule", async () => {
        const resources = givenOf(await recordInter(interSettings("helm"))).map(resourceOf);
        assert.deepEqual(violationsOf(resources), []);
    });
});
