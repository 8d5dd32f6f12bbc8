//! Keys made for these tests, and tokens that another implementation wrote with them.

/// An RSA key of 2,048 bits, PKCS #8 in base64.
pub(super) const RSA_PRIVATE: &str = concat!(
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCNWfmpn+zhmbZvppwBELbi4wiUCcLcHX4dwNUjpZ",
    "sOY0TboYy8T4YPuhu2C9qPCsN8mxodJDemU1DJQ3+0mRQWIfYABTiR7LeVxD7861BXshsnpZuyPeJ3ktC839OlVdlZ",
    "OQo+Gv23puUxX6uVGkbfEqi6ib6BrDfMnWke8jTAo0lAPXfp6l8g0ABEOoxkTBOyxBnafBFHRrlzT/lXYNfG+GG/UJ",
    "RWu4hyfHo0rqsgShDNuMLihKJMmqX2xaq2IJ1Cq+ZzyoHh71d2YEehssDxH+3DemzZIutMLeiEDenqzmMq5S5mzpwU",
    "kCD/PK4je2rYcYt+ZKrCDovEHNKnk0SVAgMBAAECggEADt7Ez431/yPLGALYjZojC0pkGCLQv5RQtLOZGJdu8PwLfe",
    "mIYzUgft4O1T94/ixdNWohvKgXPKWuLYYu1KJ4BP4MoaLq+RsEkzpif/wHZzpi9fBLqVwuS3MEB6KqYs3dwC+qfq8b",
    "OutRWDje1aA+jXAqlPkxs/WYpyt2KB3F4/ABlJQ00+XUi4ZTYL0b0iTrT9isq2z0Aw7s9ivh4nnG/G5nr2B4FDQKPL",
    "VpaiLnX9L7KyGV9Mfl9mHwz0XTAbaaW7fuz6SJktlyP1L4S9xed9fpP9K6b8jw0XrmTGWMKUFIT1AO7KIjmkrrAtin",
    "L57fSW98k+No4l8s8YzoSSPSLwKBgQDEjNl3JwY9gdIo77LlfVHzIOgJBr32fi6C2eCtlH3FJNnBQzqkjsyujSei2T",
    "eXT/fK+vguHGXWfBnlWpPmC5GqtX6w+ETRgqKzODSYholVfiyREP578ZNrODiy0Pk1SgrDttYeNmHIAfELaCEzaiIv",
    "b/3oVOkokbzFsOo9ZOiMRwKBgQC4GwNC8YpZwAGAjXPI3iZHFVdXGApkhwDubnrcNNFOl5jW48l3hpP04YBasCFz60",
    "Pr/8OkJq9bWkgCTjuY+uyp38OIaXHtXTzk+IX2s3ebAYnQS8fPBZ9oOWV71D6f14jXjglymQ7cCjXhfE+qduG/b0FO",
    "RDxgKo/YWogoWnICQwKBgBl/hD6261JTYyY4YmbvKRB3dmKlY0N0/yeuiD08hExtCWrPA+6RL/B9E2VG9LVGhIjqog",
    "OpX3TByMI+S+2OFqmkvfjLXHIpll3Vrs0StwJGShXPtJPztQI12vUnswy8vETDlWd5+plt1w15xsTawfCRgMkBKvY+",
    "YdTrrJemXZzFAoGBAISTn0Oj4LdE11AVjN2HbBUgPycOvt0pgvgwQvU0a82myX9lxXz3QrDDesTTtSNetijKo74fxY",
    "OJffV7FNvTRn4GDy66kDoYPHO+q+m9z1GmR/HhwF9Kc0KAop4Ld5VvhrGDLTaDFfpKuAZKmKvutB5BJcwQw1GVFMT+",
    "XLKCfzs1AoGAHtZt3305HiS6P/Rl0yCChsIjT3shBvjWFaJoShP8K5psvy5b/KACpghvsaJHyNRcrdnqtMIZJLF1cY",
    "R0Jvw/c83EYISUwYMGbLeZNhHHeiaoLiOw+AR5drIOd2A5TcNPn+O3IYBxNcqWdn0uzRKoJDyCc8okn1Z7q7aXpEtQ",
    "Ymg=",
);

/// A P-256 key, PKCS #8 in base64.
pub(super) const EC_PRIVATE: &str = concat!(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnf8yo57pYVzjRajHqd2Srbf1fu6mHrcTxji28T7Wd9",
    "ChRANCAARZpoepfvvqpGG6dUeXEus+5rthulZTdEcvn8S5auOxZaqoBVEPGK14CrVJ8yZPRXUGuWOapC9qbSQtmseH",
    "gwmR",
);

/// `{"sub":"agent1","exp":1800000000}` with the RSA key, written by joserfc 1.6.
pub(super) const RSA_SIGNED: &str = concat!(
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYS0xIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJhZ2VudDEiLCJleHAiOj",
    "E4MDAwMDAwMDB9.VhX-ndgVP_07A7i9vPRAec0-f2jF0R_in8f-HxWafpY127O9wYa3QI3LqzDRMp4HmLi7zE_fqB-",
    "BQkmyu89hhCn0OJLGkJL9XXlEfJ6Az-DRNVPm9gEbxaqip7o67VLs2AG0MuPvQv5_gzo58s03tSVriMsmITbALs2PA",
    "eMlHM7iDrDI8QKckpaxTA_7W9dzONIOPClaon9sUEw7GXn3BK4iWsHo3NtDY8UZfUDeKDTa61WWcHaTj8ZGoMgCu-J",
    "NiEN6xkbyK9asrP01VThcv6xrRsPkNx93HpPyfcRK-NQFuPS0B7LUcGQ58_T0kJ6BkRtlnUfYf0g7lVNVagOdBw",
);

/// The same with the P-256 key.
pub(super) const EC_SIGNED: &str = concat!(
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjLTEiLCJ0eXAiOiJhdCtqd3QifQ.eyJzdWIiOiJhZ2VudDEiLCJleHAiOjE",
    "4MDAwMDAwMDB9.halMOHCG_It7OCOMP4ee5tI1fzj2Y-zpqGGaLPdLJLCwMX2rKEKQ0sPtGQP75-tXUx2b1DFGWCNj",
    "rnOFCaK3mQ",
);

/// That one sealed under the bytes 0 to 31 with the nonce 100 to 111, by OpenSSL; joserfc reads it.
pub(super) const SEALED: &str = concat!(
    "eyJhbGciOiJkaXIiLCJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoic2VhbC0xIn0..ZGVmZ2hpamtsb",
    "W5v.LWKUDhuuNfdxCxWujx8jzAyrT3nCAYcC_ZLlfrLO8yLYvQWpAFHRNJirOVayK4CnfxjslkR5EEGcoIKzlsvf7l",
    "_FskG_AVNfuTmYJ1XPWKonMnNR74TkibW0Aok_UjkcyjDlMy8PgVDbm7KI7UX7r31i9CiOOvZ54k321O_AQfZU5fKa",
    "MB84W7gOEWTF0DjO3Iu-MR0TtOB61DUc0GL1jtdgd2ul8ZW4PiCTld0w5YnBsoPDRd0diTtgWnuv0Q.StkIzkVJpAA",
    "2QjrCFz0kEQ",
);

/// That one sealed under the same key by joserfc 1.6, members in another order.
pub(super) const SEALED_BY_ANOTHER: &str = concat!(
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiY3R5IjoiSldUIiwia2lkIjoic2VhbC0xIn0..GoPtrvmhlCJ90",
    "z9e.pq6cRPtnPUz_Okx40taI4YWjYq9Ez9bGCgbUySowni0hL1rzXRzElf4FQTKpaGDaKSPzRwkbwYvfbc73KeausG",
    "7yGKTqnyfR7oyMoeEckARYEyEa4Bbg4ttU4SUEcjiEfGpaEOHdBSEZevG6fbEEUBxamSehgu3L2zgqPlO0qAQeHPze",
    "kADLKXPdLMO7mLXv4KADCbs7uAkQ46pJnh7JTYDHcFxvixyfzpYCZWF-MQ0vHjal61euu-sMRdWAYw.mZvncIJx8D7",
    "IsCRyX3l7zQ",
);

/// RFC 7515 appendix A.2.
pub(super) const RFC_7515_A2: &str = concat!(
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL",
    "mNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7",
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWz",
    "O75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZES",
    "c6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlU",
    "PQGe77Rw",
);

/// Its key's modulus; the exponent is 65,537.
pub(super) const RFC_7515_A2_MODULUS: &str = concat!(
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B",
    "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5",
    "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7",
    "aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
);

/// RFC 7515 appendix A.3.
pub(super) const RFC_7515_A3: &str = concat!(
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL",
    "mNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA",
    "pmWQxfKTUJqPP3-Kg6NU1Q",
);

/// Its key's first coordinate.
pub(super) const RFC_7515_A3_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";

/// Its key's second coordinate.
pub(super) const RFC_7515_A3_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

/// The content encryption key of RFC 7516 appendix A.1.
pub(super) const RFC_7516_A1_KEY: [u8; 32] = [
    177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246, 138, 7, 110, 91,
    112, 46, 34, 105, 47, 130, 203, 46, 122, 234, 64, 252,
];

/// Its header, which is bound to the ciphertext.
pub(super) const RFC_7516_A1_HEADER: &str = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ";

/// Its initialization vector.
pub(super) const RFC_7516_A1_NONCE: &str = "48V1_ALb6US04U3b";

/// Its ciphertext.
pub(super) const RFC_7516_A1_CIPHERTEXT: &str =
    "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A";

/// Its authentication tag.
pub(super) const RFC_7516_A1_TAG: &str = "XFBoMYUZodetZdvTiFvSkQ";
