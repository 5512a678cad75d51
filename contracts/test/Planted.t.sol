// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Planted} from "../src/libraries/Planted.sol";
import {Vm} from "./support/Vm.sol";

/// @dev What the contract takes for planted evidence is what the state machine takes for it: its own answers, over evidence of every kind, whole, cut and bent, lie in `vectors/planted.json`.
contract PlantedTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function carries(bytes calldata evidence, bytes32 mark) external pure returns (bool) {
        return Planted.carries(evidence, mark);
    }

    function test_planted_evidence_is_what_the_state_machine_says() public view {
        string memory json = vm.readFile("test/vectors/planted.json");
        bytes32 mark = bytes32(vm.parseJsonBytes(json, ".mark"));
        bytes[] memory evidence = vm.parseJsonBytesArray(json, ".evidence");
        bool[] memory expected = vm.parseJsonBoolArray(json, ".carries");
        require(evidence.length > 200 && evidence.length == expected.length, "count");
        uint256 yes;
        for (uint256 i = 0; i < evidence.length; i++) {
            require(this.carries(evidence[i], mark) == expected[i], vm.toString(i));
            if (expected[i]) yes++;
        }
        require(yes > 20 && yes < evidence.length - 20, "both");
    }

    function test_long_evidence_is_not_read() public view {
        bytes32 mark = keccak256("mark");
        bytes memory right = abi.encodePacked(hex"830100a1005974", uint8(0), new bytes(52), mark, new bytes(0x7400 - 84));
        require(this.carries(right, mark), "fits");
        require(!this.carries(abi.encodePacked(hex"830100a1005980", uint8(0), new bytes(52), mark, new bytes(0x8000 - 84)), mark), "too long");
    }
}
