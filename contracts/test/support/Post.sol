// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Terms of a job and their encoding, as a client would write it.
library Post {
    struct Terms {
        bytes spec;
        bytes code;
        bytes[] inputs;
        bytes32[] offers;
        uint8 executors;
        uint8 agreeing;
        uint8 verifiers;
        uint8 verifierNodesMin;
        uint8 redrawsMax;
        uint8 levelMin;
        uint8 custodyMin;
        uint64 regions;
        uint32 memoryMebibytes;
        uint64 fuelMax;
        uint8 localityMin;
        uint8 modes;
        uint32 audit;
        bytes checker;
        address reviewer;
        bytes32 answer;
        uint8 balance;
        uint128 executorPay;
        uint128 verifierPay;
        uint128 storagePay;
        address storageNode;
        uint128 bond;
        uint32[7] windows;
    }

    function cidOf(string memory text) internal pure returns (bytes memory) {
        return abi.encodePacked(hex"01551220", sha256(bytes(text)));
    }

    function defaults() internal pure returns (Terms memory t) {
        t.spec = cidOf("spec");
        t.code = cidOf("code");
        t.inputs = new bytes[](1);
        t.inputs[0] = cidOf("input");
        t.executors = 3;
        t.agreeing = 2;
        t.verifiers = 4;
        t.verifierNodesMin = 1;
        t.redrawsMax = 2;
        t.memoryMebibytes = 64;
        t.fuelMax = 1_000_000_000;
        t.answer = keccak256("none");
        t.executorPay = 100;
        t.verifierPay = 10;
        t.bond = 500;
        t.windows = [uint32(2), 10, 20, 20, 50, 20, 30];
    }

    function head(uint256 major, uint256 value) internal pure returns (bytes memory) {
        uint8 m = uint8(major << 5);
        if (value < 24) return abi.encodePacked(uint8(m | uint8(value)));
        if (value < 256) return abi.encodePacked(m | 24, uint8(value));
        if (value < 65_536) return abi.encodePacked(m | 25, uint16(value));
        if (value < 1 << 32) return abi.encodePacked(m | 26, uint32(value));
        return abi.encodePacked(m | 27, uint64(value));
    }

    function bytesOf(bytes memory value) internal pure returns (bytes memory) {
        return bytes.concat(head(2, value.length), value);
    }

    function amountOf(uint128 value) internal pure returns (bytes memory) {
        uint256 length = 0;
        while (length < 16 && value >> (8 * length) != 0) length++;
        bytes memory all = abi.encodePacked(value);
        bytes memory cut = new bytes(length);
        for (uint256 i = 0; i < length; i++) cut[i] = all[16 - length + i];
        return bytesOf(cut);
    }

    function tagged(bytes memory cid) internal pure returns (bytes memory) {
        return bytes.concat(hex"d82a", bytesOf(bytes.concat(hex"00", cid)));
    }

    function encode(Terms memory t) internal pure returns (bytes memory b) {
        b = bytes.concat(hex"8209", head(4, 27), tagged(t.spec), tagged(t.code), head(4, t.inputs.length));
        for (uint256 i = 0; i < t.inputs.length; i++) b = bytes.concat(b, tagged(t.inputs[i]));
        b = bytes.concat(b, head(4, t.offers.length));
        for (uint256 i = 0; i < t.offers.length; i++) b = bytes.concat(b, bytesOf(abi.encodePacked(t.offers[i])));
        b = bytes.concat(b, head(0, t.executors), head(0, t.agreeing), head(0, t.verifiers), head(0, t.verifierNodesMin), head(0, t.redrawsMax), head(0, t.levelMin));
        b = bytes.concat(b, head(0, t.custodyMin), head(0, t.regions), head(0, t.memoryMebibytes), head(0, t.fuelMax), head(0, t.localityMin), head(0, t.modes), head(0, t.audit));
        b = bytes.concat(b, t.checker.length == 0 ? bytes(hex"f6") : tagged(t.checker), bytesOf(abi.encodePacked(t.reviewer)), bytesOf(abi.encodePacked(t.answer)));
        b = bytes.concat(b, head(0, t.balance), amountOf(t.executorPay), amountOf(t.verifierPay), amountOf(t.storagePay), bytesOf(abi.encodePacked(t.storageNode)));
        b = bytes.concat(b, amountOf(t.bond), head(4, 7));
        for (uint256 i = 0; i < 7; i++) b = bytes.concat(b, head(0, t.windows[i]));
    }
}
