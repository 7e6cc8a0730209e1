#include <string>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

// Shapes as ONNX Runtime 1.x makes them where the specification leaves them open.
TEST(ClassicalTest, Shapes) {
  ExpectCases({
      {"ai.onnx.ml::ArrayFeatureExtractor@1", {"f32[b, 3]", "i64[2]"}, "", {"f32[b, 2]"}},
      {"ai.onnx.ml::ArrayFeatureExtractor@1", {"f32[b, 3]", "i64[1, 2]"}, "", {"f32[b, 2]"}},
      {"ai.onnx.ml::ArrayFeatureExtractor@1", {"f32[b, 3]", "i64[]"}, "", {"f32[b, 1]"}},
      {"ai.onnx.ml::ArrayFeatureExtractor@1", {"i64[2, b, 3]", "i64[2, 2]"}, "", {"i64[2, b, 4]"}},
      {"ai.onnx.ml::ArrayFeatureExtractor@1", {"string[3]", "i64[2]"}, "", {"string[1, 2]"}},
      {"ai.onnx.ml::Binarizer@1", {"i64[b, 3]"}, "threshold=0.5", {"i64[b, 3]"}},
      {"ai.onnx.ml::CategoryMapper@1", {"i64[b, 2]"}, "", {"string[b, 2]"}},
      {"ai.onnx.ml::CategoryMapper@1", {"string[b, 2]"}, "", {"i64[b, 2]"}},
      {"ai.onnx.ml::FeatureVectorizer@1",
       {"f32[b, 3]", "i64[b, 4]"},
       "inputdimensions=[2, 5]",
       {"f32[b, 7]"}},
      {"ai.onnx.ml::FeatureVectorizer@1", {"f32[3]", "f32[4]"}, "", {"f32[1, 7]"}},
      {"ai.onnx.ml::Imputer@1", {"f64[b, 3]"}, "imputed_value_floats=[1.0]", {"f64[b, 3]"}},
      {"ai.onnx.ml::LabelEncoder@1", {"string[b]"}, "", {"i64[b]"}},
      {"ai.onnx.ml::LabelEncoder@1", {"i64[b]"}, "", {"string[b]"}},
      {"ai.onnx.ml::LabelEncoder@2", {"i64[b, 2]"}, "values_floats=[1.0, 2.0]", {"f32[b, 2]"}},
      {"ai.onnx.ml::LabelEncoder@2", {"f32[b]"}, "values_strings=[a, c]", {"string[b]"}},
      {"ai.onnx.ml::LabelEncoder@2", {"string[b]"}, "values_int64s=[4, 5]", {"i64[b]"}},
      {"ai.onnx.ml::LabelEncoder@4", {"string[b]"}, "values_tensor=i16[2]{4, 5}", {"i16[b]"}},
      {"ai.onnx.ml::Normalizer@1", {"i64[b, 3]"}, "norm=L2", {"f32[b, 3]"}},
      {"ai.onnx.ml::OneHotEncoder@1", {"i64[b, 3]"}, "cats_int64s=[0, 1, 2, 4]", {"f32[b, 3, 4]"}},
      {"ai.onnx.ml::OneHotEncoder@1", {"string[b]"}, "cats_strings=[x, y]", {"f32[b, 2]"}},
      {"ai.onnx.ml::Scaler@1", {"f64[b, 3]"}, "", {"f32[b, 3]"}},
      {"ai.onnx.ml::ZipMap@1",
       {"f32[b, 2]"},
       "classlabels_strings=[x, y]",
       {"seq<map<string, f32[]>>"}},
  });
}

// Two rows of two entries each, as dictionaries, and back into tables.
TEST(ClassicalTest, Maps) {
  OpTester t;
  t.Run("ai.onnx.ml::ZipMap@1", {"f32[b, 2]"}, "classlabels_int64s=[7, 9]", {"maps"});
  t.Run("SequenceAt@11", {"maps", "i64[]{0}"}, "", {"map"});
  EXPECT_EQ(t.type("map"), "map<i64, f32[]>");
  const std::string vocabulary = "int64_vocabulary=[7, 8, 9]";
  OpRun r = t.Run("ai.onnx.ml::DictVectorizer@1", {"map"}, vocabulary);
  EXPECT_EQ(r.types[0], "f32[1, 3]");
  EXPECT_EQ(t.Text(r.work.comparisons), "3");
  r = t.Run("ai.onnx.ml::DictVectorizer@1", {"maps"}, vocabulary);
  EXPECT_EQ(r.types[0], "f32[b, 3]");
  r = t.Run("ai.onnx.ml::CastMap@1", {"map"}, "cast_to=TO_INT64, map_form=SPARSE, max_map=12");
  EXPECT_EQ(r.types[0], "i64[1, 12]");
  r = t.Run("ai.onnx.ml::CastMap@1", {"map"}, "cast_to=TO_STRING", {"dense"});
  EXPECT_EQ(r.types[0], "string[1, dense]");  // as many as the map has entries
}

TEST(ClassicalTest, Work) {
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::Scaler@1", {"f32[b, 3]"});
  EXPECT_EQ(t.Text(r.work.flops), "6*b");  // a difference and a product per element
  r = t.Run("ai.onnx.ml::Binarizer@1", {"f32[b, 3]"});
  EXPECT_EQ(t.Text(r.work.comparisons), "3*b");
  r = t.Run("ai.onnx.ml::Imputer@1", {"f32[b, 3]"}, "imputed_value_floats=[1.0]");
  EXPECT_EQ(t.Text(r.work.comparisons), "3*b");
  r = t.Run("ai.onnx.ml::CategoryMapper@1", {"string[5, 3]"});
  EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(5 * 3));
  r = t.Run("ai.onnx.ml::LabelEncoder@4", {"string[5]"}, "values_int64s=[4, 5]");
  EXPECT_EQ(t.Text(r.work.comparisons), "5");
  // Five values are looked up, five rows of four are written.
  r = t.Run("ai.onnx.ml::OneHotEncoder@1", {"i64[5]"}, "cats_int64s=[0, 1, 2, 4]");
  EXPECT_EQ(t.Text(r.work.comparisons), "5");
  EXPECT_EQ(t.Text(r.work.writes[0]), std::to_string(5 * 4));
  r = t.Run("ai.onnx.ml::ArrayFeatureExtractor@1", {"f32[b, 30]", "i64[2]"});
  EXPECT_EQ(t.Text(r.work.reads[0]), "2*b");
  r = t.Run("ai.onnx.ml::ZipMap@1", {"f32[5, 2]"}, "classlabels_int64s=[7, 9]", {"z"});
  EXPECT_EQ(t.Text(r.work.writes[0]), std::to_string(5 * 2 * 2));  // keys and scores
  r = t.Run("ai.onnx.ml::FeatureVectorizer@1", {"f32[5, 2]", "f32[5, 3]"});
  EXPECT_EQ(t.Text(r.work.flops), "0");
  EXPECT_EQ(t.Text(r.work.writes[0]), std::to_string(5 * (2 + 3)));
}

TEST(ClassicalTest, NormalizerWork) {
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::Normalizer@1", {"f32[5, 8]"});  // MAX: magnitude, division
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(2 * 5 * 8));
  EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(5 * 8));
  r = t.Run("ai.onnx.ml::Normalizer@1", {"f32[5, 8]"}, "norm=L1");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 5 * 8));
  EXPECT_EQ(t.Text(r.work.transcendentals), "0");
  r = t.Run("ai.onnx.ml::Normalizer@1", {"f32[5, 8]"}, "norm=L2");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 5 * 8));
  EXPECT_EQ(t.Text(r.work.transcendentals), "5");
}

TEST(ClassicalTest, Refusals) {
  const OpCase cases[] = {
      {"ArrayFeatureExtractor", {"f32[]", "i64[1]"}, ""},
      {"OneHotEncoder", {"i64[2]"}, ""},
      {"OneHotEncoder", {"i64[2]"}, "cats_int64s=[]"},
      {"LabelEncoder", {"i64[2]"}, "keys_int64s=[1]"},
      {"FeatureVectorizer", {"f32[2, 3]"}, "inputdimensions=[2, 3]"},
      {"FeatureVectorizer", {"f32[2, 3]"}, "inputdimensions=[-1]"},
      {"FeatureVectorizer", {"f32[2, 3]", "f32[4, 3]"}, ""},
      {"FeatureVectorizer", {"f32[2, 3, 4]"}, ""},
      {"Normalizer", {"f32[2, 3]"}, "norm=L7"},
      {"CastMap", {""}, "cast_to=TO_COMPLEX"},
      {"CastMap", {""}, "map_form=SPARSE, max_map=-4"},
      {"DictVectorizer", {""}, ""},
      {"ZipMap", {"f32[5, 3]"}, "classlabels_int64s=[7, 9]"},
  };
  for (const OpCase& c : cases) {
    EXPECT_FALSE(OpTester().Run("ai.onnx.ml::" + c.op + "@4", c.operands, c.attrs).status.ok())
        << c.op << " {" << c.attrs << "}";
  }
}

}  // namespace
}  // namespace assay
