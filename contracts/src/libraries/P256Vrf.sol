// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";

/// @title Checks proofs of ECVRF-P256-SHA256-TAI (RFC 9381, suite 0x01)
/// @dev Two ways. Without hints all curve arithmetic is done here, some 600,000 gas, and every proof whatever has an answer. With hints the results of that arithmetic are given and each is
/// checked by P256VERIFY (EIP-7951): the precompile says whether x(u1·G + u2·Q) is r, with u1 = h/s and u2 = r/s of the caller's choice. An x alone leaves the point's sign open, so each
/// point is asked for twice, alone and with G added. Thus hints can be wrong, but cannot deceive: what passes has the true U and V, and only the challenge decides. Degenerate cases
/// (points at infinity, equal abscissae, abscissae above the group's order) have no hints; they go the long way.
library P256Vrf {
    uint256 internal constant P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff;
    uint256 internal constant N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;
    uint256 private constant B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b;
    uint256 private constant GX = 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296;
    uint256 private constant GY = 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5;

    struct Points {
        uint256 keyX;
        uint256 keyY;
        uint256 hx;
        uint256 hy;
        uint256 gammaX;
        uint256 gammaY;
        uint256 ux;
        uint256 uy;
        uint256 vx;
        uint256 vy;
        uint256 c;
        uint256 s;
    }

    /// @notice Checks a proof.
    /// @param keyPrefix The first byte of the compressed key.
    /// @param keyX The rest of it.
    /// @param alpha The input.
    /// @param proof The 81 bytes, padded with zeroes.
    /// @param h Hints; none where `gammaY` is zero.
    /// @return sound Whether the answer counts: false where the hints are wrong.
    /// @return holds Whether the proof holds.
    /// @return output The function's value.
    function verify(uint256 keyPrefix, uint256 keyX, bytes memory alpha, bytes32[3] calldata proof, ISojournLedger.VrfHints calldata h)
        internal
        view
        returns (bool sound, bool holds, bytes32 output)
    {
        Points memory t;
        uint256 prefix = uint256(proof[0]) >> 248;
        t.gammaX = (uint256(proof[0]) << 8) | (uint256(proof[1]) >> 248);
        t.c = uint128(uint256(proof[1]) >> 120);
        t.s = (uint256(proof[1]) << 136) | (uint256(proof[2]) >> 120);
        t.keyX = keyX;
        output = sha256(abi.encodePacked(hex"0103", uint8(prefix), t.gammaX, uint8(0)));
        if (uint120(uint256(proof[2])) != 0 || t.s >= N || prefix >> 1 != 1 || keyPrefix >> 1 != 1) {
            return (true, false, output);
        }
        if (h.gammaY == 0) {
            return (true, _direct(t, keyPrefix, prefix, alpha), output);
        }
        (sound, holds) = _hinted(t, keyPrefix, prefix, alpha, h);
    }

    /// @dev The challenge over the five points, compressed.
    function _isChallenge(Points memory t) private pure returns (bool) {
        bytes memory first = abi.encodePacked(
            hex"0102", uint8(2 + (t.keyY & 1)), t.keyX, uint8(2 + (t.hy & 1)), t.hx, uint8(2 + (t.gammaY & 1)), t.gammaX
        );
        bytes32 hash = sha256(abi.encodePacked(first, uint8(2 + (t.uy & 1)), t.ux, uint8(2 + (t.vy & 1)), t.vx, uint8(0)));
        return uint256(hash) >> 128 == t.c;
    }

    function _curve(uint256 x) private pure returns (uint256) {
        return addmod(mulmod(addmod(mulmod(x, x, P), P - 3, P), x, P), B, P);
    }

    /// @notice The i-th candidate for the abscissa of the point that the input is hashed to.
    function candidate(Points memory t, uint256 keyPrefix, bytes memory alpha, uint256 i) internal pure returns (uint256) {
        return uint256(sha256(abi.encodePacked(hex"0101", uint8(keyPrefix), t.keyX, alpha, uint8(i), uint8(0))));
    }

    // ------------------------------------------------------------------------------------------------------------- with hints

    function _hinted(Points memory t, uint256 keyPrefix, uint256 prefix, bytes memory alpha, ISojournLedger.VrfHints calldata h)
        private
        view
        returns (bool sound, bool holds)
    {
        if (
            !_isPoint(t.gammaX, h.gammaY, prefix) || !_isPoint(t.keyX, h.keyY, keyPrefix) || mulmod(t.c, h.cInv, N) != 1 || mulmod(t.s, h.sInv, N) != 1
                || h.nonResidues.length > 255
        ) {
            return (false, false);
        }
        t.gammaY = h.gammaY;
        t.keyY = h.keyY;
        // The rejected candidates: minus the right side is a square, and minus one is none, so the right side is none.
        for (uint256 i = 0; i < h.nonResidues.length; i++) {
            uint256 x = candidate(t, keyPrefix, alpha, i);
            uint256 root = h.nonResidues[i];
            if (x < P && (root == 0 || root >= P || mulmod(root, root, P) != P - _curve(x))) {
                return (false, false);
            }
        }
        t.hx = candidate(t, keyPrefix, alpha, h.nonResidues.length);
        t.hy = h.hy;
        if (!_isPoint(t.hx, t.hy, 2)) {
            return (false, false);
        }
        (t.ux, t.uy) = (h.ux, h.uy);
        if (!_isProduct(t.hx, t.hy, t.s, h.sInv, h.p1, h.l1) || !_isProduct(t.gammaX, t.gammaY, t.c, h.cInv, h.p2, h.l2) || !_isU(t, h)) {
            return (false, false);
        }
        (sound, t.vx, t.vy) = _sum(h.p1[0], h.p1[1], h.p2[0], P - h.p2[1], h.lv);
        if (sound) {
            holds = _isChallenge(t);
        }
    }

    function _isPoint(uint256 x, uint256 y, uint256 prefix) private pure returns (bool) {
        return x < P && y < P && y & 1 == prefix & 1 && mulmod(y, y, P) == _curve(x);
    }

    /// @dev The sum of two points whose abscissae differ, by the slope between them.
    function _sum(uint256 x1, uint256 y1, uint256 x2, uint256 y2, uint256 slope) private pure returns (bool, uint256, uint256) {
        if (x1 >= P || y1 >= P || x2 >= P || y2 >= P || x1 == x2 || slope >= P || mulmod(slope, addmod(x2, P - x1, P), P) != addmod(y2, P - y1, P)) {
            return (false, 0, 0);
        }
        uint256 x = addmod(mulmod(slope, slope, P), P - addmod(x1, x2, P), P);
        return (true, x, addmod(mulmod(slope, addmod(x1, P - x, P), P), P - y1, P));
    }

    /// @dev Whether x(u1·G + k·Q) is r, where inv is the inverse of k.
    function _hasAbscissa(uint256 r, uint256 u1, uint256 inv, uint256 qx, uint256 qy) private view returns (bool) {
        if (r == 0 || r >= N) {
            return false;
        }
        uint256 s = mulmod(r, inv, N);
        (bool done, bytes memory answer) = address(0x100).staticcall(abi.encode(mulmod(u1, s, N), r, s, qx, qy));
        return done && answer.length == 32 && uint256(bytes32(answer)) == 1;
    }

    /// @dev Whether p is k·Q: both abscissae, of p and of p + G, can be right for one sign only.
    function _isProduct(uint256 qx, uint256 qy, uint256 k, uint256 inv, uint256[2] calldata p, uint256 slope) private view returns (bool) {
        (bool ok, uint256 x,) = _sum(p[0], p[1], GX, GY, slope);
        return k != 0 && ok && mulmod(p[1], p[1], P) == _curve(p[0]) && _hasAbscissa(p[0], 0, inv, qx, qy) && _hasAbscissa(x, 1, inv, qx, qy);
    }

    /// @dev Whether (ux, uy) is s·G − c·Y.
    function _isU(Points memory t, ISojournLedger.VrfHints calldata h) private view returns (bool) {
        (bool ok, uint256 x,) = _sum(h.ux, h.uy, GX, GY, h.lu);
        uint256 inv = N - h.cInv % N;
        return ok && mulmod(h.uy, h.uy, P) == _curve(h.ux) && _hasAbscissa(h.ux, t.s, inv, t.keyX, t.keyY)
            && _hasAbscissa(x, addmod(t.s, 1, N), inv, t.keyX, t.keyY);
    }

    // ------------------------------------------------------------------------------------------------------------- the long way

    function _direct(Points memory t, uint256 keyPrefix, uint256 prefix, bytes memory alpha) private view returns (bool) {
        bool ok;
        (ok, t.gammaY) = lift(t.gammaX, prefix);
        if (!ok) {
            return false;
        }
        (ok, t.keyY) = lift(t.keyX, keyPrefix);
        if (!ok) {
            return false;
        }
        ok = false;
        for (uint256 i = 0; i < 256 && !ok; i++) {
            t.hx = candidate(t, keyPrefix, alpha, i);
            (ok, t.hy) = lift(t.hx, 2);
        }
        if (!ok) {
            return false;
        }
        uint256 minusC = N - t.c;
        (ok, t.ux, t.uy) = combine(GX, GY, t.s, t.keyX, t.keyY, minusC);
        if (!ok) {
            return false;
        }
        (ok, t.vx, t.vy) = combine(t.hx, t.hy, t.s, t.gammaX, t.gammaY, minusC);
        return ok && _isChallenge(t);
    }

    function _power(uint256 base, uint256 exponent) private view returns (uint256 result) {
        (bool done, bytes memory answer) = address(5).staticcall(abi.encode(32, 32, 32, base, exponent, P));
        require(done && answer.length == 32);
        return uint256(bytes32(answer));
    }

    /// @notice The point with an abscissa and a sign, where there is one. P is 3 modulo 4.
    function lift(uint256 x, uint256 prefix) internal view returns (bool, uint256) {
        if (x >= P) {
            return (false, 0);
        }
        uint256 square = _curve(x);
        uint256 y = _power(square, (P + 1) / 4);
        if (mulmod(y, y, P) != square) {
            return (false, 0);
        }
        return (true, y & 1 == prefix & 1 ? y : P - y);
    }

    /// @notice a·A + b·B, by Shamir's way; false for the point at infinity.
    function combine(uint256 ax, uint256 ay, uint256 a, uint256 bx, uint256 by, uint256 b) internal view returns (bool, uint256, uint256) {
        uint256[3] memory q;
        uint256[3] memory both = [ax, ay, uint256(1)];
        _add(both, bx, by);
        bool haveBoth = both[2] != 0;
        if (haveBoth) {
            _normalise(both);
        }
        for (uint256 i = 256; i > 0; i--) {
            _double(q);
            uint256 bits = ((a >> (i - 1)) & 1) | (((b >> (i - 1)) & 1) << 1);
            if (bits == 1) {
                _add(q, ax, ay);
            } else if (bits == 2) {
                _add(q, bx, by);
            } else if (bits == 3 && haveBoth) {
                _add(q, both[0], both[1]);
            }
        }
        if (q[2] == 0) {
            return (false, 0, 0);
        }
        _normalise(q);
        return (true, q[0], q[1]);
    }

    function _normalise(uint256[3] memory q) private view {
        uint256 inv = _power(q[2], P - 2);
        uint256 square = mulmod(inv, inv, P);
        q[0] = mulmod(q[0], square, P);
        q[1] = mulmod(q[1], mulmod(square, inv, P), P);
        q[2] = 1;
    }

    /// @dev Doubling in Jacobian coordinates with a = −3.
    function _double(uint256[3] memory q) private pure {
        uint256 z = q[2];
        if (z == 0) {
            return;
        }
        (uint256 x, uint256 y) = (q[0], q[1]);
        uint256 delta = mulmod(z, z, P);
        uint256 gamma = mulmod(y, y, P);
        uint256 beta = mulmod(x, gamma, P);
        uint256 alpha = mulmod(3, mulmod(addmod(x, P - delta, P), addmod(x, delta, P), P), P);
        uint256 x3 = addmod(mulmod(alpha, alpha, P), P - mulmod(8, beta, P), P);
        q[0] = x3;
        q[2] = mulmod(2, mulmod(y, z, P), P);
        q[1] = addmod(mulmod(alpha, addmod(mulmod(4, beta, P), P - x3, P), P), P - mulmod(8, mulmod(gamma, gamma, P), P), P);
    }

    /// @dev Adds an affine point.
    function _add(uint256[3] memory q, uint256 x2, uint256 y2) private pure {
        uint256 z = q[2];
        if (z == 0) {
            (q[0], q[1], q[2]) = (x2, y2, 1);
            return;
        }
        uint256 zz = mulmod(z, z, P);
        uint256 h = addmod(mulmod(x2, zz, P), P - q[0], P);
        uint256 r = addmod(mulmod(y2, mulmod(zz, z, P), P), P - q[1], P);
        if (h == 0) {
            if (r == 0) {
                _double(q);
            } else {
                (q[0], q[1], q[2]) = (0, 0, 0);
            }
            return;
        }
        uint256 hh = mulmod(h, h, P);
        uint256 hhh = mulmod(hh, h, P);
        uint256 v = mulmod(q[0], hh, P);
        uint256 x3 = addmod(addmod(mulmod(r, r, P), P - hhh, P), P - mulmod(2, v, P), P);
        q[1] = addmod(mulmod(r, addmod(v, P - x3, P), P), P - mulmod(q[1], hhh, P), P);
        q[0] = x3;
        q[2] = mulmod(z, h, P);
    }
}
