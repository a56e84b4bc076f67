// SPDX-License-Identifier: MIT
// Made from tests/vectors/protocol.json by scripts/make_solidity_vectors.py; do not edit.
pragma solidity ^0.8.28;

import {ModelId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";

struct PriceVector {
    uint8 tier;
    uint256 price;
    uint256 bond;
}

struct AnswerVector {
    uint256 pricePerByte;
    uint256 deposit;
    uint256 feeOfNothing;
    uint256 feeOf1025Bytes;
}

struct PayloadVector {
    uint256 length;
    bytes32 salt;
    bytes32 root;
}

struct SeatVector {
    address provider;
    bytes32 salt;
    bytes32 commitment;
    bytes32 commitStructHash;
    bytes commitSignature;
    bytes32 claimStructHash;
    bytes claimSignature;
    bytes32 seal;
}

struct JobVector {
    uint256 chainId;
    address market;
    bytes32 domainSeparator;
    string modelName;
    string modelVersion;
    Order order;
    bytes32 pool;
    uint256 payment;
    uint256 auditOdds;
    bytes32 auditSeed;
    bytes32 orderStructHash;
    bytes32 job;
    bytes orderSignature;
    bytes32 seed;
    bytes32 fixedSeed;
    bytes32 inputStructHash;
    uint8 round;
    bytes32 draw;
    bytes32 outputRoot;
    bytes32 set;
    bytes32 receiptStructHash;
    SeatVector[] seats;
}

library ProtocolVectors {
    function prices() internal pure returns (PriceVector[] memory v) {
        v = new PriceVector[](8);
        v[0] = PriceVector(0, 1, 192);
        v[1] = PriceVector(1, 2, 384);
        v[2] = PriceVector(2, 5, 960);
        v[3] = PriceVector(3, 10, 1920);
        v[4] = PriceVector(47, 5000000000000000, 960000000000000000);
        v[5] = PriceVector(48, 10000000000000000, 1920000000000000000);
        v[6] = PriceVector(49, 20000000000000000, 3840000000000000000);
        v[7] = PriceVector(89, 500000000000000000000000000000, 96000000000000000000000000000000);
    }

    function answers() internal pure returns (AnswerVector[] memory v) {
        v = new AnswerVector[](4);
        v[0] = AnswerVector(0, 0, 0, 0);
        v[1] = AnswerVector(1, 100352, 2048, 3073);
        v[2] = AnswerVector(1000000000000, 100352000000000000, 2048000000000000, 3073000000000000);
        v[3] = AnswerVector(79228162514264337593543950335, 7950704564631454806187322504017920, 162259276829213363391578010286080, 243468143406334309424960559379455);
    }

    function payloads() internal pure returns (PayloadVector[] memory v) {
        v = new PayloadVector[](7);
        v[0] = PayloadVector(0, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0x43628ed78ce4aaf238c373c34182e463ec34db56821860a793416961320a0d11);
        v[1] = PayloadVector(1, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0xcebe1572fd77dd9f65b3a69a25e27797980dd89e18332ed8cdd934a620162180);
        v[2] = PayloadVector(255, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0x8138c5dbc04b737a9e71f5a7ed192cacc166ecb467eabef67eac75bd3f75e0b5);
        v[3] = PayloadVector(256, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0x6d3c558757402d174fc20a93fbd6f2e08b7c1f64f69b3dc29ac42eb29c7cbb3a);
        v[4] = PayloadVector(257, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0xf8c94ad6b37f9854c7a837aa60b602feb8fb9ee017233d2dd34e48e4e68340aa);
        v[5] = PayloadVector(775, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0x78816cc3de628e91091362417eceaeab504d611574835ae450a1b3b578d0227d);
        v[6] = PayloadVector(98304, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0xd010d1a9df696997a8dcb1eb115c0db887b9771194c2e1e73c08e69fa3a9528b);
    }

    function jobs() internal pure returns (JobVector[] memory v) {
        v = new JobVector[](3);
        v[0] = _job0();
        v[1] = _job1();
        v[2] = _job2();
    }

    function _job0() private pure returns (JobVector memory v) {
        v.chainId = 1;
        v.market = 0xb9726e1aD30E05206C1Ab3516da3727957c335f3;
        v.domainSeparator = 0xd1691b43f3748375354c394feebf9a0d7ec614bd504c1854d937e22bde051f26;
        v.modelName = "model-594";
        v.modelVersion = "7.0";
        v.pool = 0x39d49c3ed9f428af1d305cb7b7835080492282bf55ee13d9f5843efc8d8456e9;
        v.payment = 10500000000;
        v.auditOdds = 0;
        v.auditSeed = 0x7a7bec847adbdfe987a7036ce947553f3ba938b6c272359126fe9f24f179de0d;
        v.orderStructHash = 0xb4663aeb77de46f94875dc9bff340e505ffd9d943b052893aa570b04c1426a7e;
        v.job = 0xf9081562ad3faf613f600b19f5d9c301544b2ea923b7564bc3604ec19eefe4c1;
        v.orderSignature = hex"45f384e0a516557ba96a43c795964c20840e15f349396d95f6d17240a397a4fdada90d05dbab0c26c767d8e0c930850180350e2f7943e7445884730cd2c79f84";
        v.seed = 0xe2c9321862bc701509f6b9309952e040c82a85b166b3b1c31ba6914863a3184e;
        v.fixedSeed = 0x23d4fa757a21575e6a56cda0f3bb428c01b2b68eb68ea72f65c48f397f8b13b3;
        v.inputStructHash = 0x2c556b791ed6232fd0e1260591efdb20d484b521ab6f009db1943e637004c8be;
        v.round = 2;
        v.draw = 0xa70eff9c814e25fe9091385adec9cf664b2494edadec832f4d4f730d85bf2585;
        v.outputRoot = 0x8e85bc41e444d12938a6bb9f1662211e0d27dbe787ebf90546607e44d33daeb4;
        v.set = 0xc1e12912b5a549973743186145628b76a9c39c112f3ae9a709e91c000067c1ae;
        v.receiptStructHash = 0x568e4cd06d3f2cab53ec903b43523a3380974c23f96f5532fc68f327f04f4c57;
        v.order.requester = 0x5750218249Cf34d460380F25d84Ae83a301B93d5;
        v.order.model = ModelId.wrap(0xa3f292a3f1e3972399305b95c617e7d0085ad75a3acfc856395818e47146c5b1);
        v.order.shard = 53999;
        v.order.tier = 26;
        v.order.mode = 0;
        v.order.replicas = 3;
        v.order.units = 7;
        v.order.inputRoot = 0x8f9e20514d7b18a0c75b9ce8a9c46aae7ed6e755cd612854f83c686d4dc7bc17;
        v.order.params = 0x56e3afa0beca9184b2d23ace93f575d7e827fb7d5cb0a96767f4da1416ead234;
        v.order.nonce = 4475961983434089244;
        v.order.openBy = 219194073217;
        v.seats = new SeatVector[](3);
        v.seats[0].provider = 0x5750218249Cf34d460380F25d84Ae83a301B93d5;
        v.seats[0].salt = 0x8bc7e43b42ceeedb07a456d77b013c380726ed92af58d13c81d5560ebfa95203;
        v.seats[0].commitment = 0x1b360e8c612c20da27055f07a547e27c31f54a3331d9779e01ba2a92b9342ae3;
        v.seats[0].commitStructHash = 0x22eaed64812fcd1e1cd8707c39cfd3790592f46ab50b3b4405ba04c48c3fa66c;
        v.seats[0].commitSignature = hex"83e67f462c9f231f1b5475d5fb20d3a8d08c21e41b79b14ae20022c78b61909c691f8d9955ce3293e772d8d5712509f695822d28f20ea71e52c75f886e246825";
        v.seats[0].claimStructHash = 0x68ed09dc006d61ddd701cae894e8392b0ab1251b16f8b8302cf4435cfe9ac717;
        v.seats[0].claimSignature = hex"7bdda86caadb7bea7b12cddb90063736a673c9526fb772d5a9a6d91a246dc5f3966a6276c941ee9a39bd988ab8a3b22762209bd00f9615e13c1a2b7238aab21f";
        v.seats[0].seal = 0x0a32511276f79a8792ee59db08e18a89804c5efa3cc5e0f524ee6e115b5d950b;
        v.seats[1].provider = 0x0407CDd8C4463640B93C99bD90BFC2a21E6c6555;
        v.seats[1].salt = 0x26c58fcc707115a546cc1f9ee7b1fd4c28a286472c100a23801bddb1658199a5;
        v.seats[1].commitment = 0x624e95f81790b58bba53e96c8e3afceae144411f220af6437e762a94e2218e24;
        v.seats[1].commitStructHash = 0x7b7a474c63d14f29999d063f3ccd44e9ba18eeafc66d95ff5bbca4a57b0e6d82;
        v.seats[1].commitSignature = hex"e661e32f5a1b9c53e3bf3ed417366b5691a39b48e140743f5e17f25aad512ee9f7f4b12106869fa818ad2ca63abb504388fd005da6f384e4f8127afc6dfa984d";
        v.seats[1].claimStructHash = 0xd9a33384822fc0ed5718eceee699fa052f52fd62b3fd09c6d4a1410be3ef91b0;
        v.seats[1].claimSignature = hex"ec46ae71566a2e702195088c5cfc299fede9ac8c70180f06086e45b0e14b9b78d0d888a8c28e0b9a6aa2642990b7878f1aabc119c29b3712f09e6ff093326a88";
        v.seats[1].seal = 0xcf42a9171886ac753b40fd07bbf256cf67a3076201b1a6860463b9df837fa886;
        v.seats[2].provider = 0x59A51C56f76A2Fa00cB401554dB59586D3a98648;
        v.seats[2].salt = 0x83c7fa5556238899d6aca6b84a0e88728ab010e8eae02b27436324eca2eb7fa3;
        v.seats[2].commitment = 0x1fbf75506e1cb21f7d8caffc5ed2efbaf4419f437fe5b78f650f9709923666c6;
        v.seats[2].commitStructHash = 0x7afc3b53a63f69965047daa83821c0b2da5ee0350a097f71f1e0b344517a0aba;
        v.seats[2].commitSignature = hex"ed4e57b8abcad948aeec55daa3eaaf7a07f10270233679c50121c18283c88560a294cbd9a8a9dd7c4254ef5c1764d41a8c02c4b1164a9b478e2550073b4a5fe3";
        v.seats[2].claimStructHash = 0x88b02511b61b7a948ecb0ae6c11c9a8642654ad00de94f3c162fd229025c3d9b;
        v.seats[2].claimSignature = hex"c88424b9c3877715419ccfc8079aebd6a1d98450325e8b09185272b9b8c1d837fbbdbfbecf5f686f5fb4c7ef9d47e4e114b9f4befe7a384bb82b90b57274a3d8";
        v.seats[2].seal = 0xc2c0446d3a95ea60ad578552f47de57c50f8307fb359673e69ef3384d17c8d04;
    }

    function _job1() private pure returns (JobVector memory v) {
        v.chainId = 31337;
        v.market = 0x0A6E82319B57Ba6F28871D2c5b511DFE478F1D2c;
        v.domainSeparator = 0xfc39042fcdbac0c29f51e9c896f236041a32f6c9669041226a4257652b8fb472;
        v.modelName = "model-859";
        v.modelVersion = "1.0";
        v.pool = 0x82194b639e87aa27edf543dd6137ba2e59588a560cc86c0fe32e52ec8cb7da61;
        v.payment = 6000000000000;
        v.auditOdds = 0;
        v.auditSeed = 0xeab915e4853a66d88d4765de58d03dc747ddbc3e9b78f1a783147d3522cc70af;
        v.orderStructHash = 0xa2a948e4f5a3120394e78d05eb240f8a79aad479137abc244539722cf5489fe0;
        v.job = 0xa5b64d2603000c1633925db4a1e6a25599972290a7c1370ba23336a899be3de9;
        v.orderSignature = hex"7fe24eba330decbb8698fbc599052a8899c9a950972e115a763513c013ebf6ed64bd799318993d466ace98518634da662cd1696c3de69b58bff2e93bd6385672";
        v.seed = 0xcd95a98eaa056255fd863e0319d5b612722ee6929c094bbf534bcd1b580ee017;
        v.fixedSeed = 0x85dbb30862eea2cfe1bae7883e352430fd980997095758950ddf0f0b14b6ca40;
        v.inputStructHash = 0x69fb26c4086a19248dda378675cb778a4b6ef404d251ffd1f5a1b76d3f9e253e;
        v.round = 1;
        v.draw = 0x91d55284417dd1b2e63875ea5467b2475678b6fa19e101ca5b2f814b39ad0409;
        v.outputRoot = 0x812adf4142c287a4e2bbfe15dd26c9f4931a8ba98796f9c727ec0e4df093e4a9;
        v.set = 0x0a64ce9a2c2585215814ece10523c6c0f03b20cf4e3602eeb8a0438633a2bc2f;
        v.receiptStructHash = 0xbd8a71542f47209fdd03f899def23ef666f282410c09ac90705574ab783f2495;
        v.order.requester = 0xa4AB90b8Ef99FDa9efD44DdD90AB5494EDee84E2;
        v.order.model = ModelId.wrap(0x18b1df0fcd0313d50ff137470a1255c002703150df86134f831378f0378011bf);
        v.order.shard = 15051;
        v.order.tier = 37;
        v.order.mode = 128;
        v.order.replicas = 3;
        v.order.units = 1;
        v.order.inputRoot = 0x7f775dcf827dc6a65d1761cc9840b950e8c019acc02fd3ba7cbfef660168d9f3;
        v.order.params = 0x217d1875f1ebc4878c59aac1459d4ec314a3b8b99580ea0d2f82f8d5971cd7aa;
        v.order.nonce = 2168338132993451976;
        v.order.openBy = 502245224929;
        v.seats = new SeatVector[](3);
        v.seats[0].provider = 0xa4AB90b8Ef99FDa9efD44DdD90AB5494EDee84E2;
        v.seats[0].salt = 0xd69f580b340ea2c9d0f0f206403bc4312d103a3865805c832b2cb381274366b3;
        v.seats[0].commitment = 0xa5bdfdcac771f5ddc1b1a125f64db4ea6d827ea1c6bb9aad4555438cd207745d;
        v.seats[0].commitStructHash = 0x7e6460ed334a4a6f47c32e1b3afb21063a8a79b82e33cc0feac80142f449f4e5;
        v.seats[0].commitSignature = hex"31653952e0da7f5c199686b201ecf99c7f04e4ce054e337bca938097d7cdb46e0961899da02902f2be08ac8cde9136fb5039c1b8128520f14687ce684d262154";
        v.seats[0].claimStructHash = 0x6f977be5e711c46eaea18086a53a31cfaa03296fe09a94fcf2cbcf6d0bc83210;
        v.seats[0].claimSignature = hex"d7904ce96e7b47b765ba51035bad55d2a657577c5ba56ed5a43032900253a0d933cce4962da420eb42205579794d48b118b02f4a80999cf7700059d12e29d8a5";
        v.seats[0].seal = 0x5b29d5cb8a82fd077a5509118703031e8d57bad2b9aeac08fd323f0c7bc028d2;
        v.seats[1].provider = 0x2B5ad2DbfFA5622B9d78B91912A8376C41d9423E;
        v.seats[1].salt = 0x217c1c036d801428bcc71606da7bf0ec5679a4aaa74ba7beef07fd869ad870e5;
        v.seats[1].commitment = 0x2c709f12d1c7d67111d9dc64f826bd23588f77a5f324d20900c448709efd6b26;
        v.seats[1].commitStructHash = 0x340ee1e7bc7694efdd1dd8e6558cbfe480ac96ad5ff901916fcbc2a5778e4444;
        v.seats[1].commitSignature = hex"4a9a2f4fe3e50dd9642d8a448456cb4b6a3316704a54407c1ae2387924e837650038fb72defe018a03083879facc197bd7f933742b7e762d8029e55d7b023c2a";
        v.seats[1].claimStructHash = 0xd7bcfb26d580a186368f811869a8971102dd14c90d04d3ed1bdb5ae1acbf502f;
        v.seats[1].claimSignature = hex"0c22bf460e21d0d25135d0d4b247af87c5f7d27b28af51d8fcde90fb7979ebaf97ada96926891a2ae96572be8327ebe0b14d59a9af1511a5d3dd9768096e8bfe";
        v.seats[1].seal = 0x1e517cdd805160a637b420721fe8920af444ffd290354ba2dbf691fdf60b7991;
        v.seats[2].provider = 0x61943EB6E814Cfd117f6fB9e6d7Da902ad9d21c1;
        v.seats[2].salt = 0x54ee97225d6254e4a159e54f263cf8dfbbd64320060a426b691269464103f61b;
        v.seats[2].commitment = 0xf737b6c3b4ec167809c465e5f94193ffb45ae9ffe314ca7bfa0035d410440456;
        v.seats[2].commitStructHash = 0x33c35406c2b3f1825f2c971ef40aa2ed7446892b3c6de249d9d3f5eacffe18a6;
        v.seats[2].commitSignature = hex"e775a801d3e21ab323bdc2b2f90627a563a3db0d23f1cbae44db4f6520f04a6f855332536b983d0f140fedae514d7bb4561919a416873a28bf3f4c7c231ffea8";
        v.seats[2].claimStructHash = 0xb9b9a38ce3307d7d8a91b4a00e24bdc178f9cb0d376e23ea2584bd04bb14f3b0;
        v.seats[2].claimSignature = hex"3770eba86c23a4078c45cff8d530f5015437ece2e2d713cbda96907f594aebd0f47ecc486e8807b6487f51105c79591df0d65aa28738db71a3f59e21724a2f55";
        v.seats[2].seal = 0xc63efc20204bac4e151ae4281ee18860a0f5b702b74a7ccad0269e388f0b892c;
    }

    function _job2() private pure returns (JobVector memory v) {
        v.chainId = 9223372036854775808;
        v.market = 0xCB8cB267973639F18b9dDAD806C051181502A9E8;
        v.domainSeparator = 0x4dcac53ce4a994d91c46b126a317b3f3b06238e2b158611223704405ea28385b;
        v.modelName = "model-848";
        v.modelVersion = "4.0";
        v.pool = 0x6642b5661287a357ff3e9e1757f562e9e63375788285391d55af44f85d986113;
        v.payment = 40000000000000000;
        v.auditOdds = 8;
        v.auditSeed = 0xb616b7bba25c66a73ad78a75a804f2201baf88b9cab4105ee8bffb3ac968dcae;
        v.orderStructHash = 0x40b4e438e2f85d465cc3f29ded96dff951b083b55be03adb0c08c5e848c628e9;
        v.job = 0x42e3f52b9b3df77ba8f45ee404e685075a0472a49351d0787c58258973a05fee;
        v.orderSignature = hex"5b9a265c0dbb03516b47d5fa2a23566678e90598e5ec408be6d5081f4eded3a5f876ee22c62ed30950a15cb331cca24779e542d9e5495928330e53c95fd1f171";
        v.seed = 0x7d540d1160d6e093b3f923788011183646cfd1f6da9ffbea5dd4900213766eb3;
        v.fixedSeed = 0xe692ad1294b6adf59227c8faeb15d06a3ff08cabe372c718ee1bb22aca8a5984;
        v.inputStructHash = 0x4ed9211d7a2e9aaf16cf9521241c2b8c79f1f23e33dbdc865ea417dc288fbdf3;
        v.round = 2;
        v.draw = 0xb2a4d56219ac6ad502e29ac502583e0f3073e72938a95e53862b69b8081bb2a4;
        v.outputRoot = 0xa60b7e87a4bdea1111682eec16cf4ac0c2f10c8c10df5a9ff5a679f719b73f57;
        v.set = 0xe1ef8725479c334dc3c63ebdae77a2245a33b14153bf64561eb863def82b33a7;
        v.receiptStructHash = 0x5c66a9ce138b7bfa885a86ff405fdcece9988341aacb969b671eb894bb1a9abf;
        v.order.requester = 0xACdCAb43092CF292778392C2640864E5C7CAE266;
        v.order.model = ModelId.wrap(0x129838a9ee945c20c366da4e3225e0aa6cd1112c4b1b6052623602e433f7ec9c);
        v.order.shard = 27135;
        v.order.tier = 46;
        v.order.mode = 193;
        v.order.replicas = 1;
        v.order.units = 10;
        v.order.inputRoot = 0x99c1d2249c502cad9ec8bfb9c2ee4219c41f3e01f2a6b64632d0d10faf83e6e0;
        v.order.params = 0x15a03063c6578c5fc46f48bcdf774df875ce5348bbdd5965ebc1e1fa798240d6;
        v.order.nonce = 8531979634324815091;
        v.order.openBy = 110853936468;
        v.seats = new SeatVector[](3);
        v.seats[0].provider = 0xACdCAb43092CF292778392C2640864E5C7CAE266;
        v.seats[0].salt = 0x161effb66810f9037a5ad02d09141147735f444b64d9f39b561192d8cc6564f7;
        v.seats[0].commitment = 0x22d7214f9ba9b2f4efb98d1a217f2892dbe2a530405db0e35b9223d955b78ce8;
        v.seats[0].commitStructHash = 0x62dfcd98edbc4b91b421b62bfe567b9193ccb69c30feba28293e3b99401caf98;
        v.seats[0].commitSignature = hex"3b0b83f312c3c71f682aeea623dcfabde49f9e5bb6f323fe4c28826ade6d298d48cdffe8a32a84a05c8fb5b6fa0aec45b01129227754d4e71ab616c016cc7f58";
        v.seats[0].claimStructHash = 0xd031e541e0acfeedd6d5d11c5108d55924945dd514f4c5db254ae0d560b7813b;
        v.seats[0].claimSignature = hex"0d6f14c963124842e138faa3112a0a3c5d1920c86dfc3ad220e682006da0d495c20c713e24488de5299a80a1dee531711cfe187186abd688c7ccf2c44ecc1b5b";
        v.seats[0].seal = 0x5492e1c51f212bd0517338dbcd3f1604831ff39eefad64b60cefda8489d61e76;
        v.seats[1].provider = 0xF36A0Bb0b79a064138FEebDa2fD33290dFa73C89;
        v.seats[1].salt = 0x63279219baaa9f00758f46fbabf90afc4e828e0ac9aa1836ec0fedbfa1d0fb34;
        v.seats[1].commitment = 0xa95d14dd3237cf34160cae36edbd19cc2efea2b8a08ddda1e92ca9404e730f74;
        v.seats[1].commitStructHash = 0x3c5148bb4e8ae822823033473e381478329970b48744fa1c0e3d6de9898adc99;
        v.seats[1].commitSignature = hex"8bf072c6e7bded3b57ae62c3f01d4c1435624edb4adbd68de0a561fae235377a8698fe03b43e6a344abef7a247eb4bcd4a5f07d390e54a542ca5da761b4b228f";
        v.seats[1].claimStructHash = 0x1b18f698370ba1665c31bc05d9fd2a938c71262b57c5aceaaeac0a79502d28ac;
        v.seats[1].claimSignature = hex"de6cbc3c2d4862e56791d9ee41dc5e484c3f62cc593d79b7296ef4a18a30fccca26ef887b0dfee2048db9e0c3660aed12853e95331c320492d18209ca8eab5ca";
        v.seats[1].seal = 0x2e4a6b64e87f900d3641432eba4e4827a8c0e53844c3ac87ef13d0a029da262b;
        v.seats[2].provider = 0x85f05D5F95822D3eA43F4A0041cd067265C652A2;
        v.seats[2].salt = 0x3be0469ea1f6f4f2327ef5674dd847b09e8aeb99207c05148b140f95999df7d8;
        v.seats[2].commitment = 0xc338eb0e562f18ac70d244b0aa76bb9c13002f08502fa9f7022a0126ef068062;
        v.seats[2].commitStructHash = 0x5b6548e8ef8b17489838b124d9e270cbf41f87213504958a226d5e2ea0fefb11;
        v.seats[2].commitSignature = hex"2eeda03c330a27990901ddc83b605962e526d6f66735c9559e8bfd3fa8e770d5c48b193955c9403f56a71d290cd77772526204d4404d16aaa557519b0887aa90";
        v.seats[2].claimStructHash = 0xa4c239894c32af14dd1936e92b1b6169348527e8e5d45f2a90247838fdc9d8f7;
        v.seats[2].claimSignature = hex"ffe29c35461c85edc0524fc422fa0710b8a32b857ed24c49a78431cd730b4c054a301867d7bc99dc916952a4707489bc78246d267ed73d9c78acb42f0edaaa37";
        v.seats[2].seal = 0x0002e648e984cfe127ce68bf0e3c20dbd8cbac5a19de4e223df010de6b44b574;
    }
}
